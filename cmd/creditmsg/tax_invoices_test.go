package main

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/xuri/excelize/v2"

	"creditmsg/internal/korea"
)

func TestTheTaxInvoicesOfAMonthAreListedAndWritten(t *testing.T) {
	office(t)
	shop(t)
	month := korea.Month(time.Now())
	profile := []string{"--business-number", "124-81-00998", "--name", "=꽃집", "--representative", "김하나", "--email", "tax@example.com"}
	done(t, "credit", "add", "shop", "15000", "--reason", "입금", "--kind", "paid")
	wants(t, "without profiles", done(t, "tax-invoices", month), "NOT INVOICED", "shop: 1 payment of", "lacks paper, business_number",
		"SUPPLIER", "creditmsg site profile operator", "running")
	wants(t, "a file of nothing", done(t, "tax-invoices", month, "--out", "none.xlsx"), "no file is written")
	if _, err := os.Stat("none.xlsx"); err == nil {
		t.Error("a file without rows was written")
	}
	done(t, append([]string{"site", "profile", "operator"}, profile...)...)
	done(t, append([]string{"site", "profile", "shop", "--paper", "tax_invoice"}, profile...)...)
	text := done(t, "tax-invoices", month)
	wants(t, "the list", text, "SUPPLY", "shop", "month", "15,000", "1,500", "16,500", "1 payment, 0 cancellations")
	if strings.Contains(text, "꽃집") || strings.Contains(text, "NOT INVOICED") {
		t.Errorf("the list: %s", text)
	}
	if got := object(t, done(t, "tax-invoices", month, "--json", "--out", "t.xlsx")); got["state"] != "running" || len(got["rows"].([]any)) != 1 {
		t.Errorf("as JSON: %v", got)
	}
	wants(t, "the file", done(t, "tax-invoices", month, "--out", "t.xlsx"), "t.xlsx: file 1 of 1")
	if info, err := os.Stat("t.xlsx"); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("t.xlsx: %v, %v; want a file for its owner alone", info, err)
	}
	f, err := excelize.OpenFile("t.xlsx")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if rows, err := f.GetRows(f.GetSheetList()[0]); err != nil || len(rows) != 7 || len(rows[6]) != 59 || rows[6][12] != "=꽃집" {
		t.Errorf("got %v, %v", rows, err)
	}
	refused(t, 1, []string{"tax-invoices", month, "--issue"}, month+" has not ended")
	refused(t, 1, []string{"tax-invoices", "2020-01", "--issue"}, "nothing was paid")
	refused(t, 1, []string{"tax-invoices", "2020-13"}, "/month")
	refused(t, 1, []string{"tax-invoices", "2999-01"}, "has not begun")
	refused(t, 1, []string{"tax-invoices", month, "--out", "no/such/folder"}, "write the file")
	refused(t, 2, []string{"tax-invoices"})
	code, out, _ := run(t, "", "tax-invoices", month, "--issue", "--json")
	if code != 1 || object(t, out)["code"] != "state_conflict" {
		t.Errorf("a refusal as JSON: exit %d, %s", code, out)
	}
}
