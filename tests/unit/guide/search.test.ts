import { beforeAll, describe, expect, test } from 'vitest'
import type { Locale } from '../../../src/shared/settings'
import { createPageSearch, MIN_COVERAGE, type PageSearch } from '../../../src/main/guide/search'
import { pages } from './ask'

/** Written without the pages at hand, as people ask; with slang, word forms and typing errors. */
const QUESTIONS: Record<Locale, [question: string, page: string][]> = {
  en: [
    ['how do i hook this up to my own server', 'connect'],
    ['what do I type as the address for g4f', 'connect'],
    ['which port does g4f gui use', 'connect'],
    ['can parley find a local server by itself', 'connect'],
    ['where do I put my openai key', 'keys'],
    ['are my api keys encrypted', 'keys'],
    ['I need to send an extra http header with every request', 'keys'],
    ['can I attach a photo', 'images'],
    ['does it support heic', 'images'],
    ['max image size', 'images'],
    ['does the photo contain my gps location', 'images'],
    ['how do I open the little popup window', 'quick-ask'],
    ['global hotkey doesnt work on wayland', 'quick-ask'],
    ['what does parley --quick-ask do', 'quick-ask'],
    ['what is the meaning of complete without confirmation', 'states'],
    ['it says no data for 20 s, is it stuck?', 'states'],
    ['what is tok/s', 'states'],
    ['how to cancel a running answer', 'stop'],
    ['can I regenerate the answer', 'stop'],
    ['rename a conversation', 'chats'],
    ['I deleted a chat by accident', 'chats'],
    ['where is my chat history saved on disk', 'data'],
    ['in which folder are the logs', 'data'],
    ['list of keyborad shortcuts', 'shortcuts'],
    ['how do I make a line break in the message', 'shortcuts'],
    ['enable dark mode', 'settings'],
    ['do you collect telemetry', 'privacy'],
    ['why are remote pictures in answers blocked', 'privacy'],
    ['can it render latex formulas', 'markdown'],
    ['connection refused on port 1337', 'problems-connection'],
    ['self signed certificate is not accepted', 'problems-connection'],
    ['text comes in bursts behind nginx', 'problems-answer'],
    ['server returns 401', 'problems-answer'],
    ['will I lose my chats if the power goes out', 'crash'],
    ['how can I run gpt4free locally and use it here', 'connect'],
    ['my server is on another machine in the lan', 'connect'],
    ['choose a different model', 'connect'],
    ['who can see my key', 'keys'],
    ['change the api key', 'keys'],
    ['basic auth header for reverse proxy', 'keys'],
    ['paste a screenshot', 'images'],
    ['how many pictures can I send at once', 'images'],
    ['why can the guide not see my picture', 'images'],
    ['change the shortcut of quick ask', 'quick-ask'],
    ['there is no tray icon', 'quick-ask'],
    ['what does the green dot mean', 'states'],
    ['what does interrupted mean', 'states'],
    ['resume a cut answer', 'stop'],
    ['does stop also stop the server', 'stop'],
    ['search my old chats', 'chats'],
    ['pin conversation on top', 'chats'],
    ['how to back up everything', 'data'],
    ['move my data to a new computer', 'data'],
    ['what does F2 do', 'chats'],
    ['switch language to russian', 'settings'],
    ['bigger font', 'settings'],
    ['what gets sent to the server', 'privacy'],
    ['is my data shared with third parties', 'privacy'],
    ['are html tags in answers executed', 'markdown'],
    ['copy a code block', 'markdown'],
    ['404 not found', 'problems-connection'],
    ['server redirects to https', 'problems-connection'],
    ['answer is blank', 'problems-answer'],
    ['rate limit 429', 'problems-answer'],
    ['disk is full', 'crash'],
    ['parley crashed during an answer', 'crash'],
    ['are you chatgpt', 'guide'],
    ['is it free', 'welcome'],
    ['I get a 503 error', 'problems-answer'],
    ['my api key disappeared after a restart', 'keys'],
    ['what is the difference between g4f api and g4f gui', 'connect'],
    ['can several images be sent in one message', 'images'],
    ['why was my svg rejected', 'images'],
    ['is my picture compressed before sending', 'images'],
    ['how do I hide the quick window', 'quick-ask'],
    ['how to keep parley running in background', 'settings'],
    ['unread mark in the sidebar', 'chats'],
    ['can I get a deleted conversation back', 'chats'],
    ['what is in the journals folder', 'data'],
    ['does it have a light theme', 'settings'],
    ['does the app phone home', 'privacy'],
    ['are links in answers safe', 'privacy'],
    ['how do I copy the whole answer', 'markdown'],
    ['what if the electricity fails in the middle of an answer', 'crash'],
    ['answer cut off in the middle', 'problems-answer'],
    ['expired certificate', 'problems-connection'],
    ['who made the answers of the guide', 'guide'],
    ['model takes forever to respond', 'states'],
    ['what does thinking mean', 'states'],
    ['retry with another provider', 'stop'],
    ['secret header value', 'keys'],
    ['start parley minimized', 'settings'],
  ],
  ru: [
    ['как подсоединиться к своему серверу', 'connect'],
    ['какой адрес писать для g4f', 'connect'],
    ['на каком порту работает g4f gui', 'connect'],
    ['найдёт ли программа локальный сервер сама', 'connect'],
    ['куда вводить ключ от openai', 'keys'],
    ['шифруются ли ключи', 'keys'],
    ['нужно отправлять дополнительный http-заголовок', 'keys'],
    ['можно ли прикрепить фотографию', 'images'],
    ['поддерживается ли heic', 'images'],
    ['максимальный размер картинки', 'images'],
    ['остаются ли в снимке gps координаты', 'images'],
    ['как вызвать маленькое всплывающее окошко', 'quick-ask'],
    ['в вейланде не срабатывает горячая клавиша', 'quick-ask'],
    ['что делает parley --quick-ask', 'quick-ask'],
    ['что означает завершено без подтверждения', 'states'],
    ['пишет нет данных 20 с, оно зависло?', 'states'],
    ['что такое ток/с', 'states'],
    ['как прекратить ответ, который пишется', 'stop'],
    ['можно сгенерировать ответ заново', 'stop'],
    ['переименование чата', 'chats'],
    ['я случайно удалил чат', 'chats'],
    ['где на диске хранится история чатов', 'data'],
    ['в какой папке лежат логи', 'data'],
    ['список горячих клавиш', 'shortcuts'],
    ['как сделать перенос строки в сообщении', 'shortcuts'],
    ['включить тёмный режим', 'settings'],
    ['собираете ли вы телеметрию', 'privacy'],
    ['почему не показываются удалённые картинки в ответах', 'privacy'],
    ['умеет ли показывать формулы latex', 'markdown'],
    ['соединение отклонено на порту 1337', 'problems-connection'],
    ['не принимается самоподписанный сертификат', 'problems-connection'],
    ['текст идёт рывками через nginx', 'problems-answer'],
    ['сервер возвращает 401', 'problems-answer'],
    ['пропадут ли мои чаты, если отключат свет', 'crash'],
    ['как запустить gpt4free у себя и пользоваться им тут', 'connect'],
    ['сервер стоит на другом компьютере в локальной сети', 'connect'],
    ['выбрать другую модель', 'connect'],
    ['кто видит мой ключ', 'keys'],
    ['поменять ключ api', 'keys'],
    ['заголовок авторизации для прокси', 'keys'],
    ['вставить скриншот', 'images'],
    ['сколько картинок можно отправить за раз', 'images'],
    ['почему путеводитель не видит картинку', 'images'],
    ['изменить сочетание для быстрого вопроса', 'quick-ask'],
    ['нет значка в трее', 'quick-ask'],
    ['что значит зелёная точка', 'states'],
    ['что значит прервано', 'states'],
    ['дописать оборванный ответ', 'stop'],
    ['остановится ли и сервер', 'stop'],
    ['старые чаты', 'chats'],
    ['закрепить переписку сверху', 'chats'],
    ['как всё забэкапить', 'data'],
    ['перенести данные на новый компьютер', 'data'],
    ['что делает F2', 'chats'],
    ['переключить язык на английский', 'settings'],
    ['шрифт побольше', 'settings'],
    ['что отправляется на сервер', 'privacy'],
    ['передаются ли мои данные третьим лицам', 'privacy'],
    ['выполняются ли html-теги из ответов', 'markdown'],
    ['скопировать блок кода', 'markdown'],
    ['404 не найдено', 'problems-connection'],
    ['сервер перенаправляет на https', 'problems-connection'],
    ['пустой ответ', 'problems-answer'],
    ['лимит запросов 429', 'problems-answer'],
    ['закончилось место на диске', 'crash'],
    ['программа упала во время ответа', 'crash'],
    ['ты chatgpt', 'guide'],
    ['это бесплатно', 'welcome'],
    ['ошибка 503', 'problems-answer'],
    ['ключ пропал после перезапуска', 'keys'],
    ['чем отличаются g4f api и g4f gui', 'connect'],
    ['можно ли послать несколько фото одним сообщением', 'images'],
    ['почему не взялся мой svg', 'images'],
    ['сжимается ли картинка перед отправкой', 'images'],
    ['как спрятать окно быстрого вопроса', 'quick-ask'],
    ['чтобы программа работала в фоне', 'settings'],
    ['метка непрочитанного в боковой панели', 'chats'],
    ['вернуть удалённую переписку', 'chats'],
    ['что лежит в папке journals', 'data'],
    ['есть ли светлая тема', 'settings'],
    ['следит ли программа за мной', 'privacy'],
    ['безопасны ли ссылки в ответах', 'privacy'],
    ['скопировать ответ целиком', 'markdown'],
    ['выключили электричество посреди ответа', 'crash'],
    ['ответ обрывается на полуслове', 'problems-answer'],
    ['просроченный сертификат', 'problems-connection'],
    ['модель очень долго думает', 'states'],
    ['что значит размышление', 'states'],
    ['повторить через другого провайдера', 'stop'],
    ['секретное значение заголовка', 'keys'],
    ['запустить свёрнутым', 'settings'],
    ['удалить сервер из списка', 'connect'],
  ],
}

const OFF_TOPIC: Record<Locale, string[]> = {
  en: [
    'What is the capital of France?',
    'Write me a poem about autumn',
    'How do I bake sourdough bread?',
    'Explain quantum entanglement to a child',
    'What is the weather in Paris tomorrow?',
    'Translate “good morning” into Japanese',
    'Who won the world cup in 1998?',
    'Write a Python function that sorts a list of numbers',
    'Summarise the plot of Hamlet',
    'How many kilometres are in a mile?',
    'Recommend a science fiction novel',
    'Solve x squared plus three x equals ten',
    'What should I cook for dinner tonight?',
    'Is it safe to take ibuprofen with alcohol?',
    'Plan a three day trip to Lisbon',
    'fix my bicycle chain',
    'best laptop under 1000 euros',
    'compare React and Vue',
    'what is a black hole',
    'how to lose weight fast',
    'what is the meaning of life',
    'draft an email to my landlord about the broken heating',
    'why is the sky blue',
    'convert this csv to json',
  ],
  ru: [
    'Какая столица у Франции?',
    'Напиши стихотворение об осени',
    'Как испечь ржаной хлеб?',
    'Объясни ребёнку квантовую запутанность',
    'Какая погода завтра в Париже?',
    'Переведи «доброе утро» на японский',
    'Кто выиграл чемпионат мира по футболу в 1998 году?',
    'Напиши функцию на Python, которая сортирует числа',
    'Перескажи сюжет «Гамлета»',
    'Сколько километров в миле?',
    'Посоветуй фантастический роман',
    'Реши уравнение икс квадрат плюс три икс равно десять',
    'Что приготовить на ужин?',
    'Можно ли пить ибупрофен с алкоголем?',
    'Составь план поездки в Лиссабон на три дня',
    'починить цепь велосипеда',
    'лучший ноутбук до 100 тысяч',
    'сравни React и Vue',
    'что такое чёрная дыра',
    'как быстро похудеть',
    'в чём смысл жизни',
    'составь письмо арендодателю о сломанном отоплении',
    'почему небо голубое',
    'преобразуй этот csv в json',
  ],
}

const LOCALES: Locale[] = ['en', 'ru']

describe.each(LOCALES)('the search in %s', (locale) => {
  let search: PageSearch

  beforeAll(async () => {
    search = await createPageSearch(await pages(locale))
  })

  test('finds the right page first for at least nine in ten real questions', () => {
    const missed = QUESTIONS[locale].flatMap(([question, page]) => {
      const best = search.find(question)[0]
      const isFound = best !== undefined && best.page.id === page && best.coverage >= MIN_COVERAGE
      return isFound
        ? []
        : [`${question} → ${best?.passage.id ?? 'nothing'} (${best?.coverage.toFixed(2) ?? ''}), not ${page}`]
    })
    expect(QUESTIONS[locale].length).toBeGreaterThanOrEqual(90)
    expect(missed.length, missed.join('\n')).toBeLessThanOrEqual(Math.floor(QUESTIONS[locale].length / 10))
  })

  test('takes no question about something else for one about Parley', () => {
    const wrong = OFF_TOPIC[locale].flatMap((question) => {
      const best = search.find(question)[0]
      const isTaken = best !== undefined && best.coverage >= MIN_COVERAGE
      return isTaken ? [`${question} → ${best.passage.id} (${best.coverage.toFixed(2)})`] : []
    })
    expect(wrong).toEqual([])
  })

  test('finds for every suggested question the very passage it stands with', async () => {
    const passages = (await pages(locale)).flatMap((page) => page.passages)
    const wrong = passages.flatMap((passage) =>
      passage.questions.flatMap((question) => {
        const best = search.find(question)[0]
        const isFound = best !== undefined && best.passage === passage && best.coverage >= MIN_COVERAGE
        return isFound
          ? []
          : [`${passage.id}: ${question} → ${best?.passage.id ?? 'nothing'} (${best?.coverage.toFixed(2) ?? ''})`]
      }),
    )
    expect(wrong).toEqual([])
  })
})
