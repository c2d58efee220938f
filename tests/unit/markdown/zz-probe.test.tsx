// @vitest-environment happy-dom
import { it } from 'vitest'
import { Markdown } from '../../../src/renderer/markdown'
import { lex } from '../../../src/renderer/markdown/grammar'
import { mount } from './mount'
const t=(n:string,f:()=>void)=>{const a=performance.now();f();console.log('T',JSON.stringify(n),(performance.now()-a).toFixed(0))}
it('p', async () => {
  for (let i=0;i<2;i++) for (const s of ['x','$$'+'{'.repeat(20000)+'$$', '$$\n'+'{'.repeat(20000)+'\n$$','\\('.repeat(10000),'$'.repeat(20000), 'a'.repeat(20000)]) for (const st of [false,true]) { t('lex'+s.slice(0,6),()=>{lex(s,{})}); t(s.slice(0,6)+st, () => { mount(<Markdown text={s} isStreaming={st}/>) }) }
}, 60000)
