;; Emacs 29: ~/.config/emacs/init.el
(add-to-list 'interpreter-mode-alist '("runner" . rust-mode))
(with-eval-after-load 'eglot
  (add-to-list 'eglot-server-programs '((rust-mode rust-ts-mode) . ("runner" "lsp"))))

;; Debugging: M-x gdb, then
;;   gdb -i=mi PATH      where PATH is what `runner build --debug --print-path SCRIPT` prints
