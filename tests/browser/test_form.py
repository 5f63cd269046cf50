"""The form as a learner meets it."""

from __future__ import annotations

from playwright.sync_api import expect

MODULE = "notebooks/1-patient-partner/module.html"
STEP = "#step-2 .reflection"


def test_an_answer_is_kept_and_the_step_is_done(visit):
    page = visit(MODULE)
    box = page.locator(f"{STEP} textarea")
    box.fill("I keep a list of what works on bad days.")
    expect(page.locator(f"{STEP} .form-status")).to_contain_text("Saved on this device")
    page.locator(f"{STEP} button.primary").click()
    expect(page.locator(f"{STEP} .form-outcome")).to_have_text("Done.")
    expect(page.locator(".step-list [data-step=my-skills] .step-state")).to_have_text("Done")
    expect(page.locator(".module-progress")).to_have_text("1 of 5 steps done")

    again = visit(MODULE)
    expect(again.locator("#step-2 .step-fold-state")).to_have_text("Done")
    again.locator("#step-2 .step-fold button").click()
    expect(again.locator(f"{STEP} textarea")).to_have_value("I keep a list of what works on bad days.")
