"""Takes pictures of an HTML report: 400 and 1280 px wide, light and dark, and as printed.

Usage: python screenshot.py REPORT.html OUTPUT_FOLDER [--browser /usr/bin/chromium]

Needs playwright (1.49.1) and a Chromium. The page is opened from its file without network; any
request beside the file itself, any script error and any part wider than the screen is an error
(exit status 1).
"""

import argparse
import pathlib
import sys

from playwright.sync_api import sync_playwright

# What sticks out of the page; frames that scroll by themselves are meant to.
WIDE = """() => [...document.querySelectorAll('body *')].filter(e =>
  !e.closest('.scroll') && e.getBoundingClientRect().right > innerWidth + 1).map(e =>
  e.tagName + '.' + e.className).slice(0, 5)"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("report", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--browser", default="/usr/bin/chromium")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    address = options.report.resolve().as_uri()
    problems = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=options.browser, args=["--no-sandbox"])
        for scheme in ("light", "dark"):
            for width in (1280, 400):
                context = browser.new_context(
                    viewport={"width": width, "height": 900}, color_scheme=scheme, offline=True,
                    device_scale_factor=1)
                page = context.new_page()
                seen = []
                page.on("request", lambda request: seen.append(request.url))
                page.on("console", lambda message: problems.append(message.text))
                page.goto(address)
                page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
                foreign = [u for u in seen if u != address and not u.startswith("data:")]
                problems += [f"request: {url[:120]}" for url in foreign]
                problems += [f"{width} px: {name} is too wide" for name in page.evaluate(WIDE)]
                name = f"{options.report.stem}-{width}-{scheme}.png"
                page.screenshot(path=str(options.output / name), full_page=True)
                if scheme == "light" and width == 1280:
                    page.pdf(path=str(options.output / f"{options.report.stem}.pdf"), format="A4")
                context.close()
        browser.close()
    print("\n".join(problems) or "no requests, nothing too wide")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()
