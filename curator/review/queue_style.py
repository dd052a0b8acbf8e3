"""The layout of the Review page: list and record scroll for themselves, and the decision bar stays where it is."""

from __future__ import annotations

STYLE = """<style>
.stMainBlockContainer:has(.st-key-review){padding:var(--review-top,4.4rem) 1.25rem 0;max-width:none;}
.st-key-review{--review-side:min(25rem,32vw);}
.st-key-review .stHorizontalBlock:has(>.stColumn>div>.st-key-queue){flex-wrap:nowrap;}
.st-key-queue-rows{font-family:"Source Code Pro",ui-monospace,monospace;}
.st-key-queue-rows button{justify-content:flex-start;min-height:1.75rem;padding:.1rem .5rem;border-radius:4px;}
.st-key-queue-rows button p{font-family:inherit;font-size:.8125rem;white-space:pre;overflow:hidden;text-overflow:ellipsis;}
.st-key-queue-rows button:hover{background:light-dark(#f1eeeb,#292622);}
[class*="st-key-queue-here"] button{background:light-dark(#e0eefb,#14304a)!important;box-shadow:inset 3px 0 0 light-dark(#0b4f8a,#9accfb);}
.st-key-record-scroll{overflow-y:auto;overflow-x:hidden;}
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
.cu-event{display:grid;grid-template-columns:7rem 8rem minmax(0,1fr);gap:.6rem;font-size:.8125rem;overflow-wrap:anywhere;}
</style>"""
