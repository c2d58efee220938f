/**
 * How a document looks: as Parley does, with its colours (tokens.css of the pages) and, where its fonts are not there, those
 * of the system. One string without line breaks, because the document's policy names its hash.
 */
export const DOCUMENT_STYLE = `
:root{color-scheme:light dark;--paper:#fbf9f5;--sunk:#f6f3ed;--bubble:#f0ece4;--code-inline:#5a462014;--ink-1:#211f1b;--ink-2:#57534b;--ink-3:#6f6a60;--line:#e5e0d6;--line-2:#d3ccbf;--accent-text:#17685c}
@media screen and (prefers-color-scheme:dark){:root{--paper:#121719;--sunk:#181e20;--bubble:#1f2629;--code-inline:#e9e5dc17;--ink-1:#e9e5dc;--ink-2:#b4b2ab;--ink-3:#949590;--line:#252c2f;--line-2:#363f43;--accent-text:#5cc5b1}}
*{box-sizing:border-box}
body{font:16px/1.625 'Inter Variable',Inter,'Segoe UI Variable','Segoe UI',system-ui,-apple-system,'Noto Sans',sans-serif;color:var(--ink-1);background:var(--paper);max-width:calc(740px + 3rem);margin:0 auto;padding:2.5rem 1.5rem 4rem;overflow-wrap:anywhere}
header{border-bottom:1px solid var(--line);padding-bottom:1.25rem;margin-bottom:2rem}
h1{font-size:22px;line-height:32px;font-weight:640;margin:0}
header p,.date,.note{color:var(--ink-3);font-size:13px;line-height:20px;margin:.25rem 0}
article{margin:0 0 2rem}
h2{font-size:13px;line-height:20px;font-weight:600;margin:0;display:inline}
.date{display:inline;margin-inline-start:.5rem}
h3,h4,h5,h6{font-size:16px;line-height:26px;font-weight:640;margin:1.5rem 0 .5rem}
h3{font-size:19px;line-height:28px}
p{margin:.75rem 0}
li{margin:.375rem 0}
li>p:first-of-type{display:inline}
a{color:var(--accent-text);text-decoration-color:var(--line-2);text-underline-offset:3px}
.question>div{background:var(--bubble);border-radius:14px;padding:.75rem 1rem;margin-top:.5rem;white-space:pre-wrap}
pre{background:var(--sunk);border:1px solid var(--line);border-radius:10px;padding:.75rem 1rem;overflow-x:auto;white-space:pre-wrap;font-size:13px;line-height:21px}
pre,code{font-family:'JetBrains Mono Variable','JetBrains Mono','Cascadia Mono',ui-monospace,Menlo,Consolas,monospace}
code{font-size:.875em;background:var(--code-inline);border-radius:4px;padding:.1em .3em}
pre code{font-size:inherit;background:none;padding:0}
.language{color:var(--ink-3);font-size:12px;line-height:16px;margin:1rem 0 -.5rem}
blockquote{border-inline-start:2px solid var(--line-2);color:var(--ink-2);margin:.75rem 0;padding-inline-start:1rem}
table{border-collapse:collapse;margin:1rem 0;font-size:14px;line-height:22px}
td,th{border-bottom:1px solid var(--line);padding:.375rem .75rem;text-align:start;vertical-align:top}
th{border-bottom-color:var(--line-2);font-weight:600}
:is(td,th):first-child{padding-inline-start:0}
@media screen{table{display:block;overflow-x:auto}td,th{overflow-wrap:break-word}}
.center{text-align:center}
.end{text-align:end}
hr{border:0;border-top:1px solid var(--line);margin:1.5rem 0}
img,video{max-width:100%;height:auto;border-radius:10px}
details{color:var(--ink-2);border-inline-start:2px solid var(--line);padding-inline-start:1rem;margin:.75rem 0;font-size:14px;line-height:22px}
summary{color:var(--ink-3);font-size:13px}
@media print{:root{color-scheme:light;--paper:#fff}body{max-width:none;padding:0;font-size:11pt}h1,h2,h3,h4,h5,h6,.date,.language,summary{break-after:avoid}p,li{orphans:3;widows:3}img,tr{break-inside:avoid}pre,.question>div,body{print-color-adjust:exact}pre{box-decoration-break:clone}audio{display:none}}
`
  .trim()
  .replace(/\n/gu, '')
