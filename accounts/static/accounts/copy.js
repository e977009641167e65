"use strict";
/* Buttons that copy: data-copies names the element whose text one copies, by its id. */
(() => {
  // Browsers keep the clipboard from pages that came over plain HTTP from another machine.
  const copySelected = (place) => {
    getSelection().selectAllChildren(place);
    return document.execCommand("copy");
  };

  const copy = async (place) => {
    try {
      await navigator.clipboard.writeText(place.textContent);
      return true;
    } catch {
      return copySelected(place);
    }
  };

  for (const button of document.querySelectorAll("[data-copies]")) {
    const place = document.getElementById(button.dataset.copies);
    const told = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      button.textContent = (await copy(place)) ? "Copied" : "Selected: press Ctrl-C";
      setTimeout(() => { button.textContent = told; }, 3000);
    });
  }
})();
