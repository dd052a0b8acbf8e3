"""The layout of the Review page: list and record scroll for themselves, and the decision bar stays where it is."""

from __future__ import annotations

STYLE = """<style>
.stMainBlockContainer:has(.st-key-review){padding:4.1rem 1.25rem 0;max-width:none;}
.stMainBlockContainer:has(.st-key-review)>.stVerticalBlock{gap:0;}
.stMain:has(.st-key-review):focus-visible::before{content:none!important;}
.st-key-review .stButton button,.st-key-review .stFormSubmitButton button,.st-key-review .stPopover button{
 min-height:2.1rem;padding:.15rem .7rem;}
.st-key-review .stHorizontalBlock:has(>.stColumn .st-key-queue){flex-wrap:nowrap;gap:1.5rem;min-height:0;}
.stMainBlockContainer:has(.st-key-review){height:100dvh;display:flex;flex-direction:column;}
.stMainBlockContainer:has(.st-key-review)>.stVerticalBlock>*{flex-shrink:0;}
.stMainBlockContainer:has(.st-key-review)>.stVerticalBlock>.stElementContainer:has(.cu-notice){
 max-height:20dvh;overflow-y:auto;margin-bottom:.5rem;}
.stMainBlockContainer>.stVerticalBlock>[data-testid=stLayoutWrapper]:has(>.st-key-review){flex:1 1 0;min-height:24rem;}
.stMainBlockContainer:has(.st-key-review)>.stVerticalBlock,.st-key-review,
.st-key-review>[data-testid=stLayoutWrapper]:has(>.stHorizontalBlock>.stColumn),
.stColumn>.stVerticalBlock:has(>*>:is(.st-key-queue,.st-key-record)),
[data-testid=stLayoutWrapper]:has(>:is(.st-key-queue,.st-key-record)),
.st-key-review :is(.st-key-queue,.st-key-record){flex:1 1 0;min-height:0;}
.stColumn:has(>*>*>:is(.st-key-queue,.st-key-record)){display:flex;flex-direction:column;min-height:0;min-width:0;}
.st-key-queue>*,.st-key-record>*{flex-shrink:0;}
.st-key-queue>[data-testid=stLayoutWrapper]:has(>.st-key-queue-rows),.st-key-record>[data-testid=stLayoutWrapper]:has(>.st-key-record-scroll){
 flex:1 1 0;min-height:0;}
.st-key-review .st-key-queue-rows,.st-key-review .st-key-record-scroll{flex:1 1 0;min-height:0;
 overflow:hidden auto;flex-wrap:nowrap;scrollbar-gutter:stable;}
.st-key-queue-rows>*,.st-key-record-scroll>*{flex-shrink:0;}
.st-key-record-scroll{padding-right:.4rem;}
.st-key-queue{gap:.5rem;}
.st-key-queue-rows .stButton button{justify-content:flex-start;min-height:0;padding:.2rem .5rem;border-radius:4px;}
.st-key-queue-rows .stButton button>*{min-width:0;width:100%;justify-content:flex-start;}
.st-key-queue-rows .stButton button p{font:.78rem/1.5 "Source Code Pro",ui-monospace,monospace;white-space:pre;
 overflow:hidden;text-overflow:ellipsis;text-align:left;}
.st-key-queue-rows p .stMarkdownColoredText~.stMarkdownColoredText{font:.8125rem/1 "Source Sans",sans-serif;
 color:light-dark(#625d57,#a8a29b)!important;unicode-bidi:isolate;}
.st-key-queue-rows .stButton button:hover{background:light-dark(#f1eeeb,#292622);}
.st-key-queue-pager{gap:.6rem;}
.st-key-queue-order,.st-key-queue-filter{flex-wrap:nowrap;align-items:center;}
@media (max-width:1000px){
 .st-key-queue-order{flex-wrap:wrap;}
 .st-key-queue-sort{width:100%!important;}
 .st-key-record-scroll :is(.stColumn:not(:first-child),.stSelectbox){min-width:0;max-width:100%;}
 .st-key-review .stHorizontalBlock:has(>.stColumn .st-key-queue)>.stColumn:first-child{min-width:17rem;}
}
.st-key-queue [data-testid=stTextInputRootElement],.st-key-queue-sort [data-testid=stSelectbox] [role=group],
.st-key-queue .stPopover button{height:2.1rem;min-height:2.1rem;}
:is(.st-key-cluster-actions,.st-key-decision-reason) [data-testid=InputInstructions]{display:none;}
.st-key-record-choices .stButton button{font-size:.8125rem;min-height:1.8rem;}
.st-key-record-choices .stButton button p{font-size:.8125rem;}
.st-key-record-scroll{border-top:1px solid light-dark(#e2deda,#3a3733);padding-top:.6rem;}
.st-key-decision{border-top:1px solid light-dark(#e2deda,#3a3733);padding:.35rem 0 .8rem;gap:.35rem;}
.st-key-decide-remove-note,:is(.st-key-record-way,.st-key-queue-pager) .stMarkdownColoredText{position:absolute;
 clip-path:inset(50%);width:1px;height:1px;overflow:hidden;white-space:nowrap;}
.cu-progress{display:flex;align-items:center;gap:.75rem;}
.cu-done{flex:1;height:.4rem;border-radius:3px;background:var(--cu-line);overflow:hidden;}
.cu-done>span{display:block;height:100%;background:var(--cu-info);}
.cu-where{font-size:.9rem;}
.cu-place{font-size:.875rem;white-space:nowrap;font-variant-numeric:tabular-nums;}
.cu-note{border-left:3px solid var(--cu-info);background:var(--cu-soft);padding:.4rem .7rem;border-radius:0 4px 4px 0;
 overflow-wrap:anywhere;font-size:.875rem;}
.cu-note.cu-warning{border-left-color:var(--cu-warning);}
.cu-note.cu-error{border-left-color:var(--cu-error);}
.cu-fix{border:1px solid var(--cu-line);border-radius:6px;padding:.5rem .65rem;display:grid;gap:.35rem;}
.cu-told{font-size:.8125rem;color:var(--cu-quiet);white-space:nowrap;overflow:hidden;text-overflow:ellipsis;}
.cu-told.cu-wrong{color:var(--cu-error);font-weight:600;}
.cu-keys{display:flex;flex-wrap:wrap;gap:.2rem 1.2rem;font-size:.8125rem;}
.cu-keys kbd{font-size:.75rem;border:1px solid var(--cu-line);border-radius:3px;padding:0 .3rem;}
.cu-event{display:grid;grid-template-columns:7rem 8rem minmax(0,1fr);gap:.6rem;font-size:.8125rem;
 overflow-wrap:anywhere;}
</style>"""
