#!/usr/bin/env python3
"""figures.py - whether the words of figures can be read: headless Chromium draws each SVG and says
where its words are.

usage: figures.py FIGURE.svg...

Prints a line for each figure with words that lie outside of it or upon each other."""
import pathlib
import sys
import tempfile

from browser import Browser

# Of words that touch by less than this nobody takes notice [CSS pixels].
SLACK = 1.5

BOXES = """(() => {
  const svg = document.documentElement, frame = svg.viewBox.baseVal, at = svg.getScreenCTM();
  const words = [...document.querySelectorAll('text')].filter(t => t.textContent.trim());
  return [[frame.width * at.a, frame.height * at.d]].concat(words.map(t => {
    const box = t.getBoundingClientRect();
    return [t.textContent.trim(), box.left - at.e, box.top - at.f, box.right - at.e,
            box.bottom - at.f];
  }));
})()"""


def overlap(a, b):
    """The boxes leave room above and below the letters: a fifth of a line each."""
    high = 0.2 * min(a[4] - a[2], b[4] - b[2])
    return (min(a[3], b[3]) - max(a[1], b[1]) > SLACK and
            min(a[4], b[4]) - max(a[2], b[2]) > SLACK + 2 * high)


# Edges that are rounded to pixels lose what is narrower.
CRISP = "document.querySelectorAll('[shape-rendering=crispEdges]').length"


def complaints(browser, figure):
    browser.open(figure.resolve().as_uri())
    (width, height), *words = browser.run(BOXES)
    if browser.run(CRISP):
        yield "narrow bars may be lost"
    for each in words:
        if each[1] < -SLACK or each[3] > width + SLACK or each[2] < -SLACK or each[4] > height + SLACK:
            yield f"'{each[0]}' sticks out"
    for i, each in enumerate(words):
        for other in words[:i]:
            if overlap(each, other):
                yield f"'{each[0]}' lies upon '{other[0]}'"


def main():
    with tempfile.TemporaryDirectory() as profile:
        browser = Browser(profile)
        try:
            browser.attach()
            browser.size(1000, 900)
            for name in sys.argv[1:]:
                said = list(complaints(browser, pathlib.Path(name)))
                if said:
                    print(f"{name}: " + "; ".join(said[:5]))
        finally:
            browser.close()


if __name__ == "__main__":
    main()
