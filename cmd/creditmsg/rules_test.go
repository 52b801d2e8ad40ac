package main

import (
	"os"
	"testing"
)

func TestTheRulesOfASiteAreSetAndShown(t *testing.T) {
	office(t)
	shop(t)
	wants(t, "at first", done(t, "site", "rules", "shop"), "opt-out number", "-", "20:50–08:00")
	wants(t, "set", done(t, "site", "rules", "shop", "--opt-out-number", "0801234567"), "0801234567")
	refused(t, 1, []string{"site", "rules", "shop", "--opt-out-number", "02-123-4567"}, "--opt-out-number")
	if got := object(t, done(t, "site", "rules", "shop", "--opt-out-number", "none", "--json"))["opt_out_number"]; got != "" {
		t.Errorf("taken back: %v", got)
	}
	wants(t, "the window", done(t, "site", "rules", "shop", "--duplicate-window", "10m"), "10m0s")
	refused(t, 1, []string{"site", "rules", "shop", "--duplicate-window", "200h"}, "--duplicate-window")
	if got := object(t, done(t, "site", "rules", "shop", "--duplicate-window", "0s", "--json"))["duplicate_window"]; got != 0.0 {
		t.Errorf("the window taken back: %v", got)
	}
	refused(t, 1, []string{"site", "rules", "nobody"}, "nobody")
}

func TestTheCapsOfASiteAreSetAndShown(t *testing.T) {
	office(t)
	shop(t)
	wants(t, "at first", done(t, "site", "caps", "shop"), "recipients", "won", "day", "month")
	done(t, "site", "caps", "shop", "--recipients-day", "1000", "--won-month", "50000.5")
	done(t, "site", "caps", "shop", "--recipients-day", "500", "--bound")
	wants(t, "set", done(t, "site", "caps", "shop"), "1000", "500", "50000.50")
	refused(t, 1, []string{"site", "caps", "shop", "--recipients-day", "501"}, "--recipients-day", "at most 500")
	refused(t, 1, []string{"site", "caps", "shop", "--recipients-day", "1.5"}, "--recipients-day")
	refused(t, 2, []string{"site", "caps", "shop", "--bound"}, "--bound")
	done(t, "site", "caps", "shop", "--recipients-day", "none", "--won-month", "none")
	if got := object(t, done(t, "site", "caps", "shop", "--recipients-day", "none", "--bound", "--json"))["counted_since"]; got != nil {
		t.Errorf("without caps it counts since %v", got)
	}
}

func TestOptOutsAreImportedListedAndTakenBack(t *testing.T) {
	office(t)
	shop(t)
	if err := os.WriteFile("list.csv", []byte("수신거부번호\n010-1111-2222\n02-123-4567\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	wants(t, "the import", done(t, "opt-out", "import", "shop", "list.csv"), "1, widened 0, there already 0", "line 3: ")
	wants(t, "the number", done(t, "opt-out", "add", "shop", "010-3333-4444", "--scope", "all"), "01033334444", "all")
	wants(t, "the list", done(t, "opt-out", "list", "shop"), "01011112222", "advertising", "import", "01033334444", "api")
	done(t, "opt-out", "remove", "shop", "01011112222")
	refused(t, 1, []string{"opt-out", "remove", "shop", "01011112222"}, "opt-out")
	refused(t, 1, []string{"opt-out", "add", "shop", "hello"}, "number")
	refused(t, 1, []string{"opt-out", "add", "nobody", "01011112222"}, "nobody")
}

func TestWordsAreBlockedForOneSiteOrForAll(t *testing.T) {
	office(t)
	shop(t)
	if err := os.WriteFile("words.txt", []byte("\ufeff도박\n\n 대출 상담 \n"), 0o600); err != nil {
		t.Fatal(err)
	}
	wants(t, "for all", done(t, "blocked-word", "add", "카지노", "--file", "words.txt"), "3 blocked, 0 were already")
	wants(t, "for one", done(t, "blocked-word", "add", "카 지 노", "casino", "CASINO", "--site", "shop"), "2 blocked, 1 were already")
	wants(t, "the shop's", done(t, "blocked-word", "list", "--site", "shop"), "casino", "shop", "대출 상담", "all sites")
	if list := object(t, done(t, "blocked-word", "list", "--json"))["data"].([]any); len(list) != 3 {
		t.Errorf("for all there are %v", list)
	}
	done(t, "blocked-word", "remove", "대출상담")
	refused(t, 1, []string{"blocked-word", "remove", "대출상담"}, "blocked word")
	refused(t, 1, []string{"blocked-word", "add", "카지노", "★"}, "★")
	refused(t, 1, []string{"blocked-word", "add", "카지노", "--site", "nobody"}, "nobody")
	refused(t, 1, []string{"blocked-word", "list", "--site", "nobody"}, "nobody")
	refused(t, 1, []string{"blocked-word", "add", "--file", "none.txt"}, "none.txt")
	refused(t, 2, []string{"blocked-word", "add"}, "--file")
}
