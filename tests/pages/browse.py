"""What every page must keep, and pictures of them."""

import os
from pathlib import Path

from lab import ROOT

AXE = (ROOT / "reports/pages/node_modules/axe-core/axe.min.js").read_text()
SHOTS = Path(os.environ.get("ASSAY_SHOTS", ROOT / "build/screenshots"))


def accessible(page):
    """axe-core finds nothing serious or critical."""
    page.evaluate(AXE)
    found = page.evaluate("axe.run({ resultTypes: ['violations'] }).then(r => r.violations)")
    serious = [f"{v['impact']} {v['id']}: {v['help']}: {[n['html'][:200] for n in v['nodes'][:3]]}"
               for v in found if v["impact"] in ("serious", "critical")]
    assert not serious, f"{page.url}: " + "\n".join(serious)


def fits(page):
    """The page itself does not scroll sideways."""
    wide = page.evaluate("""() => {
        const room = document.documentElement.clientWidth
        if (document.documentElement.scrollWidth <= room) return []
        return [...document.querySelectorAll('body *')].filter(e => e.getBoundingClientRect().right > room + 1)
            .slice(0, 8).map(e => e.outerHTML.slice(0, 120))
    }""")
    assert not wide, f"{page.url} is wider than its window: {wide}"


def shot(page, name):
    SHOTS.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=SHOTS / f"{name}.png", full_page=True)


def good(page, name):
    accessible(page)
    fits(page)
    shot(page, name)
