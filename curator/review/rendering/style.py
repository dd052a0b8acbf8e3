"""How the review looks: one style sheet, for `st.html`, in light and in dark."""

from __future__ import annotations

# Streamlit sets `color-scheme` with its theme, so `light-dark()` follows it. Every pair of a text colour with a
# background keeps a contrast of 4.5:1 (WCAG AA); tests/test_review_rendering.py computes it.
PALETTE = {
    "text": ("#2f2d2b", "#edebe8"),
    "quiet": ("#625d57", "#a8a29b"),
    "line": ("#e2deda", "#3a3733"),
    "soft": ("#f6f4f2", "#211f1d"),
    "error": ("#a4161a", "#ffa8a3"), "error-soft": ("#fde4e2", "#4a1a18"),
    "warning": ("#7a4a00", "#f5c877"), "warning-soft": ("#fcefcf", "#42310c"),
    "info": ("#0b4f8a", "#9accfb"), "info-soft": ("#e0eefb", "#14304a"),
    "added": ("#0f5c26", "#86e2a6"), "added-soft": ("#dbf4e2", "#123a20"),
    "removed": ("#95193d", "#ffadbd"), "removed-soft": ("#fce1e8", "#471622"),
    "token": ("#5b2a91", "#d3b6f7"), "token-soft": ("#efe5fa", "#33204b"),
}  # fmt: skip
"""Each colour in light and in dark; `X` is a text's, `X-soft` what it stands on."""
PAGE = ("#ffffff", "#171614")
"""The backgrounds of Streamlit's own themes."""

_COLORS = "".join(f"--cu-{name}:light-dark({light},{dark});" for name, (light, dark) in PALETTE.items())
_KINDS = "".join(
    f".cu-label.cu-{name},.cu-level.cu-{name}{{color:var(--cu-{tint});background:var(--cu-{tint}-soft)}}"
    f".cu-mark.cu-{name}{{background:var(--cu-{tint}-soft);text-decoration-color:var(--cu-{tint})}}"
    for name, tint in (
        ("error", "error"), ("warning", "warning"), ("info", "info"), ("added", "added"), ("removed", "removed"),
        ("separator", "token"), ("stop", "token"), ("token", "token"),
    )
)  # fmt: skip

STYLE = f"""<style>
.cu{{{_COLORS}
 color:var(--cu-text);font-size:.9375rem;line-height:1.5;}}
.cu-text{{white-space:pre-wrap;overflow-wrap:anywhere;unicode-bidi:plaintext;}}
.cu-code,.cu-diff{{font-family:"Source Code Pro",ui-monospace,monospace;font-size:.8125rem;line-height:1.55;}}
.cu-text.cu-code,.cu-diff{{background:var(--cu-soft);border-radius:4px;padding:.35rem .6rem;}}
.cu-diff{{max-height:26rem;overflow-y:auto;}}
.cu-turn{{display:grid;grid-template-columns:6.8rem minmax(0,1fr) 5.5rem;column-gap:.9rem;
 padding:.45rem 0 .45rem .7rem;border-left:3px solid var(--cu-line);}}
.cu-role{{font-size:.8125rem;font-weight:600;color:var(--cu-quiet);padding-top:.1rem;overflow-wrap:anywhere;}}
.cu-role-assistant{{border-left-color:var(--cu-info);}}
.cu-role-user{{border-left-color:var(--cu-quiet);}}
.cu-role-tool{{border-left-style:dotted;border-left-color:var(--cu-token);}}
.cu-role-assistant>.cu-role{{color:var(--cu-info);}}
.cu-role-user>.cu-role{{color:var(--cu-text);}}
.cu-role-tool>.cu-role{{color:var(--cu-token);}}
.cu-side .cu-label{{white-space:normal;margin:0;text-align:left;}}
.cu-side{{font-size:.8125rem;color:var(--cu-quiet);text-align:right;font-variant-numeric:tabular-nums;
 padding-top:.1rem;}}
.cu-body>*+*{{margin-top:.3rem;}}
.cu-head{{display:flex;flex-wrap:wrap;align-items:baseline;gap:.15rem .5rem;font-size:.8125rem;}}
.cu-quiet{{color:var(--cu-quiet);font-size:.8125rem;}}
.cu-item{{border:1px solid var(--cu-line);border-radius:4px;padding:0 .35rem;overflow-wrap:anywhere;}}
.cu-whole{{border-left:3px double currentColor;padding-left:.5rem;}}
.cu-whole.cu-error{{border-left-color:var(--cu-error);}}
.cu-whole.cu-warning{{border-left-color:var(--cu-warning);}}
.cu-whole.cu-info{{border-left-color:var(--cu-info);}}
.cu-mark{{color:inherit;border-radius:2px;text-decoration:none;box-decoration-break:clone;
 -webkit-box-decoration-break:clone;}}
.cu-mark.cu-error{{text-decoration:underline solid 2px;text-underline-offset:3px;}}
.cu-mark.cu-warning{{text-decoration:underline wavy 1px;text-underline-offset:3px;}}
.cu-mark.cu-info{{text-decoration:underline dotted 2px;text-underline-offset:3px;}}
del.cu-mark{{text-decoration:line-through 1px;}}
.cu-pair del.cu-mark,.cu-member del.cu-mark{{text-decoration:underline dashed 1px;text-underline-offset:3px;}}
.cu-pair ins.cu-mark,.cu-member ins.cu-mark{{text-decoration:underline solid 1px;text-underline-offset:3px;}}
.cu-mark.cu-key{{color:var(--cu-info);}}
.cu-mark.cu-diff del .cu-sign,.cu-mark .cu-label,.cu-mark .cu-chip{{display:inline-block;text-decoration:none;}}
.cu-mark.cu-space{{background:var(--cu-token-soft);}}
{_KINDS}
.cu-label{{display:inline-block;font:600 .6875rem/1.35 "Source Sans",sans-serif;letter-spacing:.01em;
 padding:0 .3rem;margin-right:.2rem;border-radius:3px;vertical-align:.08em;white-space:nowrap;
 unicode-bidi:isolate;user-select:none;border:1px solid currentColor;}}
.cu-head .cu-label,.cu-finding .cu-label{{margin-right:0;}}
.cu-chip{{display:inline-block;font:600 .625rem/1.3 ui-monospace,monospace;padding:0 .2rem;margin:0 .06rem;
 border-radius:3px;border:1px dashed currentColor;color:var(--cu-token);background:var(--cu-token-soft);
 unicode-bidi:isolate;vertical-align:.1em;white-space:nowrap;}}
.cu-sign{{color:var(--cu-quiet);unicode-bidi:isolate;user-select:none;}}
.cu-diff .cu-sign{{font-weight:700;padding:0 .15rem;color:inherit;}}
.cu-space:not(.cu-mark){{background:radial-gradient(circle at center,var(--cu-quiet) 0 1px,transparent 1.3px);
 white-space:pre-wrap;}}
.cu-cut{{display:inline-block;font:italic .8125rem "Source Sans",sans-serif;color:var(--cu-quiet);
 background:var(--cu-soft);border-radius:3px;padding:0 .4rem;margin:0 .3rem;}}
.cu-fold>summary{{cursor:pointer;font-size:.875rem;overflow:hidden;text-overflow:ellipsis;white-space:nowrap;}}
.cu-fold[open]>summary .cu-preview{{display:none;}}
.cu-fold>*+*{{margin-top:.3rem;}}
.cu-call+.cu-call{{margin-top:.6rem;}}
.cu-beside{{display:grid;grid-template-columns:minmax(0,3fr) minmax(12rem,2fr);gap:.9rem;margin-top:.25rem;}}
.cu-declared{{font-size:.8125rem;}}
.cu-parameter{{display:grid;grid-template-columns:1rem minmax(0,1fr);line-height:1.45;margin-bottom:.15rem;
 overflow-wrap:anywhere;}}
.cu-parameter .cu-quiet{{font-size:.78rem;}}
.cu-media{{border:1px dashed var(--cu-line);border-radius:4px;padding:.25rem .5rem;overflow-wrap:anywhere;}}
.cu-lacking{{border-top:1px dashed var(--cu-line);padding-top:.15rem;font-size:.8125rem;color:var(--cu-quiet);}}
.cu-findings{{display:grid;gap:.2rem;}}
.cu-finding{{display:grid;grid-template-columns:4.2rem 3.6rem minmax(0,1fr);gap:.5rem;align-items:baseline;
 font-size:.875rem;overflow-wrap:anywhere;}}
.cu-finding .cu-label{{text-align:center;}}
.cu-level{{font-size:.78rem;background:none!important;}}
.cu-pair{{display:grid;grid-template-columns:repeat(auto-fit,minmax(17rem,1fr));gap:.9rem;}}
.cu-member{{border:1px solid var(--cu-line);border-radius:6px;padding:.5rem .65rem;min-width:0;}}
.cu-member>.cu-head{{border-bottom:1px solid var(--cu-line);padding-bottom:.25rem;margin-bottom:.35rem;}}
.cu-pair .cu-turn{{grid-template-columns:minmax(0,1fr) auto;padding-left:.55rem;}}
.cu-pair .cu-turn>.cu-body{{grid-column:1/-1;grid-row:2;}}
.cu-meter{{display:inline-block;width:8rem;height:.45rem;border-radius:3px;background:var(--cu-line);
 vertical-align:.08em;overflow:hidden;}}
.cu-meter>span{{display:block;height:100%;background:var(--cu-info);}}
.cu-meter.cu-over>span{{background:var(--cu-error);}}
</style>"""
"""Given once to a page, before anything that this package renders."""
