"use strict";
/* Hides the fields of a form that do not count for what is chosen in others: data-needs holds
   conditions such as "kind=smpp tls=on". A field with an error is always shown. */
(() => {
  function valueOf(form, name) {
    const field = form.elements[name];
    if (!field) return null;
    return field.type === "checkbox" ? (field.checked ? "on" : "off") : field.value;
  }

  function counts(form, field) {
    return field.dataset.needs.split(" ").every((condition) => {
      const [name, wanted] = condition.split("=");
      const value = valueOf(form, name);
      return value === null || value === wanted;
    });
  }

  function settle(form) {
    for (const field of form.querySelectorAll("[data-needs]")) {
      const line = field.closest(".field-line");
      if (line) line.hidden = !counts(form, field) && !line.classList.contains("errors");
    }
    for (const box of form.querySelectorAll(".form-row, fieldset.module")) {
      const lines = [...box.querySelectorAll(".field-line")];
      box.hidden = lines.length > 0 && lines.every((line) => line.hidden);
    }
  }

  document.addEventListener("DOMContentLoaded", () => {
    for (const form of document.querySelectorAll("form")) {
      if (!form.querySelector("[data-needs]")) continue;
      settle(form);
      form.addEventListener("change", () => settle(form));
    }
  });
})();
