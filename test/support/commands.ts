/** Browser commands: what a browser test asks of Playwright. Every export is registered under its name. */
