/**
 * `node drip-server.mjs PORT COUNT EVERY_MS`: a backend in a process of its own, to be stopped, killed and started again.
 * Answers every question with so many numbers; says its port, and one line for each question.
 */
import { createServer } from 'node:http'

const [port, count, everyMs] = process.argv.slice(2).map(Number)

const server = createServer((request, response) => {
  process.stdout.write('asked\n')
  request.resume()
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  let number = 0
  const timer = setInterval(() => {
    number += 1
    response.write(`event: content\ndata: {"type": "content", "content": "${number} "}\n\n`)
    if (number < count) return
    clearInterval(timer)
    response.end('event: finish\ndata: {"type": "finish", "finish": {"reason": "stop"}}\n\n')
  }, everyMs)
  response.on('close', () => clearInterval(timer))
})
server.listen(port, '127.0.0.1', () => process.stdout.write(`${server.address().port}\n`))
