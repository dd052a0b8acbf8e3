"""How the pages around the records look: the heading, notices, figures, tables. Given once, behind style.STYLE."""

from __future__ import annotations

# The heading is one line above every page; where there is room, it stands beside the navigation, and between it and the
# menu the sign that the page is at work. The button to stop that goes: it would leave half a page.
PAGE_STYLE = """<style>
.stMainBlockContainer{padding:3.5rem 2rem 1rem;}
.cu-bar{display:flex;flex-wrap:nowrap;align-items:baseline;gap:.2rem 1rem;font-size:.8125rem;white-space:nowrap;
 overflow:hidden;}
.cu-bar>*{flex:none;}
.cu-bar>b{flex:0 1 auto;overflow:hidden;text-overflow:ellipsis;}
.cu-bar>*+*{border-left:1px solid var(--cu-line);padding-left:1rem;}
.cu-notice{border-left:3px solid currentColor;border-radius:4px;padding:.35rem .75rem;font-size:.875rem;
 overflow-wrap:anywhere;}
.cu-notice+.cu-notice{margin-top:.3rem;}
.cu-notice.cu-error{color:var(--cu-error);background:var(--cu-error-soft);}
.cu-notice.cu-warning{color:var(--cu-warning);background:var(--cu-warning-soft);}
.cu-notice.cu-info{color:var(--cu-info);background:var(--cu-info-soft);}
[data-testid=stTopNavLink]:focus-visible{outline:2px solid light-dark(#0b4f8a,#9accfb);outline-offset:-2px;}
button[data-selected=true][data-variant=segmented_control],.stPopover button:is([aria-expanded=true],:focus-visible){
 color:light-dark(#0b4f8a,#9accfb)!important;}
:is(button[kind=tertiary]:hover:enabled,[role=tab][aria-selected=true]){color:light-dark(#0b4f8a,#9accfb)!important;}
.st-key-heading{flex-wrap:nowrap!important;}
.st-key-heading .stHtml{min-width:0;}
@media (min-width:1000px){
 .st-key-heading{position:fixed;top:0;right:5rem;height:3.75rem;width:auto;max-width:calc(100vw - 22.5rem);
  z-index:1000000;}
 [data-testid=stStatusWidget]{position:fixed;top:0;right:2.9rem;height:3.75rem;width:1.8rem;display:flex;
  align-items:center;justify-content:center;}
}
[data-testid=stStatusWidget] button{display:none;}
.cu .cu-verdict{font-size:1.5rem;font-weight:600;margin:0;padding:0;line-height:1.3;}
.cu .cu-title{font-size:1rem;font-weight:600;margin:.25rem 0 0;padding:0;}
.cu-title .cu-quiet{font-weight:400;margin-left:.35rem;}
.cu-tiles{display:grid;grid-template-columns:repeat(4,1fr);gap:1rem;}
.cu-tile{border:1px solid var(--cu-line);border-radius:8px;padding:.5rem .9rem;}
.cu-figure{font-size:1.6rem;font-weight:600;line-height:1.25;font-variant-numeric:tabular-nums;}
.cu-table{width:100%;border-collapse:collapse;font-size:.8125rem;}
.cu-table th{text-align:left;font-weight:600;color:var(--cu-quiet);}
.cu-table th,.cu-table td{padding:.25rem .75rem .25rem 0;border-bottom:1px solid var(--cu-line);
 overflow-wrap:anywhere;vertical-align:top;}
.cu-table .cu-number{text-align:right;font-variant-numeric:tabular-nums;}
.cu-list{margin:0;padding-left:1.1rem;font-size:.875rem;}
.cu-line{margin-top:.35rem;overflow-wrap:anywhere;}
.cu-file{border-top:1px solid var(--cu-line);padding-top:.5rem;overflow-wrap:anywhere;}
.cu-command{display:block;white-space:pre-wrap;overflow-wrap:anywhere;background:var(--cu-soft);border-radius:4px;
 padding:.35rem .6rem;font-size:.8125rem;user-select:all;}
@media (max-width:999px){
 .st-key-heading{padding-bottom:.5rem;}
 .cu-bar{flex-wrap:wrap;}
 .st-key-overview-charts .stColumn{min-width:100%;}
 .cu-tiles{grid-template-columns:repeat(2,1fr);}
 .cu-turn{grid-template-columns:minmax(0,1fr) auto;}
 .cu-turn>.cu-body{grid-column:1/-1;grid-row:2;}
 .cu-beside{grid-template-columns:minmax(0,1fr);}
}
</style>"""


def scheme(kind: str | None) -> str:
    """The colour scheme of what Streamlit hangs beside the app: popovers and dialogs, where it sets none itself."""
    return f"<style>:root{{color-scheme:{kind};}}</style>" if kind in ("light", "dark") else ""
