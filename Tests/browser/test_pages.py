#!/usr/bin/python3
"""The two-o'clock story in real browsers: the guard's page, the desk's board and the patrol's page, in Chinese on a phone and in
English on a desk, with the daemon and without.

    /usr/bin/python3 Tests/browser/test_pages.py [--bin-dir .build/debug] [--shots .build/screenshots]

Prints one line for each check; exits 1 when one fails. Screenshots are kept in --shots.
"""

import argparse
import os
import shutil
import struct
import sys
import tempfile
import time
import traceback
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, HERE)
sys.dont_write_bytecode = True

from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402

from screen import Screen  # noqa: E402
from station import PASSWORD, Station  # noqa: E402

# What a page says, Chinese first.
CLAIMED, ON_WAY, ON_SCENE, CLEARED = ("已接单", "has it"), ("正在路上", "is on the way"), ("已到场", "is on scene"), ("处置完毕", "Dealt with")


class Checks:
    def __init__(self):
        self.passed, self.failed = 0, 0

    def __call__(self, name, holds, found=""):
        self.passed += bool(holds)
        self.failed += not holds
        print(("ok    " if holds else "FAIL  ") + name + (f": {found}" if found != "" and not holds else ""), flush=True)


class Story:
    def __init__(self, station, check, shots):
        self.station, self.check, self.shots = station, check, shots
        self.number = 0

    def keep(self, screen, name):
        """A screenshot, and the page as somebody sees it."""
        self.number += 1
        screen.shot(os.path.join(self.shots, f"{screen.name}-{self.number:02}-{name}.png"))
        wrong = screen.look()
        self.check(f"{screen.name}, {name}: fits, is readable, has no empty box", not wrong, "; ".join(wrong[:6]))

    def sign_in(self, screen, user):
        screen.open(self.station.address + "/login")
        if user == "duty":
            self.keep(screen, "login")
        screen.one("input[name=name]").send_keys(user)
        screen.one("input[name=password]").send_keys(PASSWORD)
        screen.tap("form button:not(.plain)")
        screen.one("[data-feed]")

    def incidents(self, screen):
        return {e.get_attribute("data-incident") for e in screen.all("[data-incident]")}

    def tell(self, post, category, words, photo=None):
        """Two taps and the words between them. Gives the moment of the second tap."""
        post.tap(f"#categories button[value={category}]")
        if words:
            post.one("#say textarea").send_keys(words)
        if photo:
            post.all("#photo-file")[0].send_keys(photo)
            post.until(lambda: post.all("#say input[name=photo]")[0].get_attribute("value"), "the photo is ready")
            self.keep(post, "with-photo")
        began = time.monotonic()
        post.tap("#say .go")
        return began

    def step(self, patrol, number, step):
        form = f'[data-incident="{number}"] form[action="/incidents/{number}/{step}"]'
        patrol.until(
            lambda: patrol.all(form + " button"), f"{step} of #{number} is offered")
        # It may lie behind a fold.
        patrol.driver.execute_script(
            "for (let e = document.querySelector(arguments[0]); e; e = e.parentElement) if (e.tagName === 'DETAILS') e.open = true", form)
        patrol.tap(form + " button")

    # ---- one telling of it

    def play(self, language, post, desk, patrol, words, category, photo=None):
        check = self.check
        self.keep(post, "empty")
        before = self.incidents(desk)
        began = self.tell(post, category, words, photo)
        number = desk.until(lambda: next(iter(self.incidents(desk) - before), None), "the tip on the board", 10)
        took = time.monotonic() - began
        check(f"{language}: the desk's board shows the tip within 1 s", took <= 1.0, f"{took:.2f} s")
        print(f"      {took * 1000:.0f} ms from the second tap to the board", flush=True)
        post.says(f"#{number}")
        self.keep(post, "received")
        self.keep(desk, "new-tip")
        patrol.one(f'[data-incident="{number}"]')
        self.keep(patrol, "new-incident")
        for step, said in (("claim", CLAIMED), ("en_route", ON_WAY), ("on_scene", ON_SCENE)):
            self.step(patrol, number, step)
            post.says(*said, seconds=6)
            check(f"{language}: the post hears {step}", True)
            if step == "en_route":
                self.keep(post, "on-the-way")
                self.keep(desk, "on-the-way")
                self.keep(patrol, "on-the-way")
        self.clear(patrol, number)
        post.says(*CLEARED, seconds=6)
        check(f"{language}: the post hears how it ended", True)
        self.keep(post, "cleared")
        self.timeline(desk, number, language, has_photo=photo is not None)
        return number

    def clear(self, patrol, number):
        form = f'[data-incident="{number}"] form[action="/incidents/{number}/clear"]'
        patrol.until(lambda: patrol.all(form + " button"), f"clear of #{number} is offered")
        patrol.driver.execute_script(
            "for (let e = document.querySelector(arguments[0]); e; e = e.parentElement) if (e.tagName === 'DETAILS') e.open = true", form)
        self.keep(patrol, "how-it-ended")
        patrol.tap(form + ' button[value="resolved"]')
        patrol.until(lambda: not patrol.all(form), "it is cleared")

    def timeline(self, desk, number, language, has_photo):
        desk.open(f"{self.station.address}/incidents/{number}")
        desk.one(".timeline li")
        if has_photo:
            # Photos are sent after tips.
            is_seen = "const i = document.querySelector('.tips img'); return i && i.complete && i.naturalWidth > 100"
            def shown():
                if desk.driver.execute_script(is_seen):
                    return True
                desk.open(f"{self.station.address}/incidents/{number}")
                desk.driver.execute_script("document.querySelector('.tips img')?.scrollIntoView()")
                time.sleep(0.3)
                return desk.driver.execute_script(is_seen)
            desk.until(shown, "the guard's photo on the incident's page", 20)
            self.check(f"{language}: the desk sees the guard's photo", True)
        lines = desk.driver.execute_script(
            "return [...document.querySelectorAll('.timeline li')].map((e) => e.innerText.toLowerCase())")
        wanted = [("新警情", "new incident"), ("接单", "claim"), ("出发", "en route", "way"), ("到场", "on scene", "scene"), ("处置", "clear")]
        at, found = 0, []
        order = lines if any(w in lines[0] for w in wanted[0]) else lines[::-1]
        for words in wanted:
            while at < len(order) and not any(word in order[at] for word in words):
                at += 1
            found.append(at < len(order))
        self.check(f"{language}: the timeline has every step in order", all(found), f"{found} {lines}")
        self.check(f"{language}: each step says who", sum("patrol-dongyuan" in l or "东苑巡组" in l or "dongyuan patrol" in l for l in lines) >= 4, lines)
        self.keep(desk, "incident")
        desk.open(self.station.address + "/")
        desk.one("[data-feed]")

    # ---- the daemon is away

    def without_daemon(self, post, desk, patrol, words):
        check = self.check
        self.station.stop_daemon()
        desk.until(lambda: desk.all("#link-state[data-state=lost], #link-state[data-state=stale]"), "the board says that it is stale", 20)
        patrol.until(lambda: patrol.all("#link-state[data-state=lost], #link-state[data-state=stale]"), "the patrol's page says so", 20)
        self.keep(desk, "daemon-down")
        self.keep(patrol, "daemon-down")
        self.tell(post, "fire", words)
        post.until(lambda: post.all(".report.is-kept"), "the tip is on the post's disk")
        post.until(lambda: post.all(".link.is-down"), "the page says that the station is not reached", 20)
        check("with the daemon down the guard's tip is on the post's disk, and the page says so", True)
        self.keep(post, "daemon-down")
        before = self.incidents(desk)
        self.station.start_daemon()
        post.until(lambda: not post.all(".report.is-kept"), "the tip is delivered", 30)
        check("it is delivered when the daemon is back", True)
        number = desk.until(lambda: next(iter(self.incidents(desk) - before), None), "the board catches up by itself", 30)
        patrol.until(lambda: patrol.all(f'[data-incident="{number}"]'), "the patrol's page catches up by itself", 30)
        check("board and patrol catch up by themselves, nobody signs in again", True)
        self.keep(patrol, "caught-up")

    # ---- panic, keyboard, no script

    def panic(self, post, desk):
        before = self.incidents(desk)
        button = post.one("#panic .panic")
        button.send_keys("")
        actions = ActionChains(post.driver)
        actions.key_down(Keys.SPACE, button).pause(0.4).key_up(Keys.SPACE).perform()
        time.sleep(0.6)
        self.check("the panic button released early sends nothing, and says so", self.incidents(desk) == before and post.one("#notice").text != "")
        ActionChains(post.driver).click_and_hold(post.one("#panic .panic")).pause(1.9).release().perform()
        desk.until(lambda: self.incidents(desk) - before, "the panic tip on the board")
        self.check("held, it sends: the desk has it", True)
        self.keep(post, "panic")

    def without_script(self, post, desk):
        post.script(False)
        before = self.incidents(desk)
        post.open(f"http://127.0.0.1:{self.station.door}/")
        post.tap("#categories button[value=hazard]")
        post.tap("#say .go")
        desk.until(lambda: self.incidents(desk) - before, "the tip of a page without script")
        self.check("the guard's page works without JavaScript", True)
        self.keep(post, "no-script")
        post.script(True)
        post.open(f"http://127.0.0.1:{self.station.door}/")

    def drill(self, post):
        post.tap('form[action="/page/drill"] button')
        post.one(".drill-banner")
        self.keep(post, "drill")
        post.tap('.drill-banner form button')
        post.until(lambda: not post.all(".drill-banner"), "the drill ends")

    def more_pages(self, desk, boss):
        for path in ("/statistics", "/handover"):
            desk.open(self.station.address + path)
            desk.one("main")
            self.keep(desk, path[1:])
        desk.open(self.station.address + "/")
        desk.dark(True)
        self.keep(desk, "board-dark")
        desk.dark(False)
        self.sign_in(boss, "boss")
        boss.open(self.station.address + "/users")
        self.keep(boss, "users")


def picture(folder):
    """A PNG of 640 by 480, drawn here: a wall at night and a lamp."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    rows = b"".join(
        b"\0" + b"".join(
            bytes((250, 230, 150)) if (x - 460) ** 2 + (y - 120) ** 2 < 1600 else bytes((30, 40 + y // 8, 60 + x // 16)) for x in range(640))
        for y in range(480))
    path = os.path.join(folder, "wall.png")
    with open(path, "wb") as file:
        file.write(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", 640, 480, 8, 2, 0, 0, 0))
                   + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))
    return path


def zh_phone(story, screen):
    """In Chinese: guard and patrol on phones; then with the daemon down, panic, a drill, without script."""
    post = screen("post-zh-phone", 360, 740, "zh-CN", is_phone=True)
    desk = screen("desk-zh", 1366, 768, "zh-CN")
    patrol = screen("patrol-zh-phone", 360, 740, "zh-CN", is_phone=True)
    story.sign_in(desk, "duty")
    story.sign_in(patrol, "walker")
    post.open(story.station.page_link())
    story.play("zh-CN phone", post, desk, patrol, "两点钟东墙外有人徘徊，手里有工具", "suspicious_person", picture(story.station.folder))
    story.without_daemon(post, desk, patrol, "3号楼5楼阳台着火，有人喊救命")
    story.panic(post, desk)
    story.drill(post)
    story.without_script(post, desk)
    story.more_pages(desk, screen("admin-zh", 1366, 768, "zh-CN"))


def en_desktop(story, screen):
    """In English, everybody on a desktop."""
    post = screen("post-en", 1280, 800, "en")
    desk = screen("desk-en", 1280, 800, "en")
    patrol = screen("patrol-en", 1280, 800, "en")
    story.sign_in(desk, "duty")
    story.sign_in(patrol, "walker")
    post.open(story.station.page_link())
    story.play("en desktop", post, desk, patrol, "Two men are forcing the door of the bicycle shed at building 7", "theft")
    story.without_daemon(post, desk, patrol, "Smoke from the window of flat 502, somebody shouts for help")
    story.more_pages(desk, screen("admin-en", 1280, 800, "en"))


def told(telling, bin_dir, check, shots):
    """One telling on a station of its own: incidents of another would take its tips in."""
    folder = tempfile.mkdtemp(prefix="wp-")
    station = Station(bin_dir, folder, ROOT)
    story = Story(station, check, shots)
    screens = []

    def screen(*arguments, **more):
        screens.append(Screen(*arguments, **more))
        return screens[-1]

    try:
        station.set_up()
        telling(story, screen)
        for one in screens:
            found = one.complaints()
            check(f"{one.name}: the console has no error", not found, "; ".join(found[:3]))
    except Exception:  # what went wrong is told with what the programs said
        check("the story goes to its end", False, traceback.format_exc())
        for one in screens:
            try:
                one.shot(os.path.join(shots, f"failed-{one.name}.png"))
            except Exception as error:
                print(f"no screenshot of {one.name}: {error}")
        print(station.logs(), flush=True)
    finally:
        for one in screens:
            one.close()
        station.stop()
        shutil.rmtree(folder, ignore_errors=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--bin-dir", default=os.path.join(ROOT, ".build/debug"))
    parser.add_argument("--shots", default=os.path.join(ROOT, ".build/screenshots"))
    options = parser.parse_args()
    shutil.rmtree(options.shots, ignore_errors=True)
    os.makedirs(options.shots)
    check = Checks()
    shots = os.path.abspath(options.shots)
    for telling in (zh_phone, en_desktop):
        told(telling, options.bin_dir, check, shots)
    print(f"{check.passed} passed, {check.failed} failed; screenshots in {options.shots}")
    return 1 if check.failed else 0


if __name__ == "__main__":
    sys.exit(main())
