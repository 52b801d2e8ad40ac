package main

import "testing"

func TestAWithdrawalIsApprovedByAnotherPersonAtTheCommandLine(t *testing.T) {
	w := newTill(t)
	transfer := w.transfer(30_000)
	done(t, "payment", "arrived", "shop", transfer)
	card := w.paid(50_000)
	account := []string{"--bank", "20", "--number", "1002-123-456789", "--holder", "홍길동"}
	ask := func(more ...string) []string {
		return append([]string{"withdrawal", "request", "shop", "--reason", "계약 종료"}, more...)
	}
	refused(t, 1, ask(), "/to", "bank account")
	refused(t, 1, ask("90000"), "80000.00 won can be withdrawn now")
	refused(t, 1, ask("1.5"), "AMOUNT", "whole won")
	refused(t, 2, ask("--bank", "20"), "--number")
	refused(t, 1, []string{"withdrawal", "request", "nobody", "--reason", "x"}, `no site "nobody"`)
	made := object(t, done(t, append(ask("60000", "--by", "kim", "--json"), account...)...))
	wdr := made["id"].(string)
	wants(t, "the doctor", doctored(t), "1 wait for a decision", "withdrawal show shop "+wdr)
	wants(t, "the list", done(t, "withdrawal", "list", "--all", "--status", "requested"), "CREDIT", wdr, "shop", "60,000 won", "66,000 won")
	refused(t, 1, []string{"withdrawal", "approve", "shop", wdr, "--by", "kim"}, "another person")
	wants(t, "approved", done(t, "withdrawal", "approve", "shop", wdr, "--by", "lee"), "approved", "by kim", "by lee", card, transfer, "transfer 11,000 won to the payer",
		"to bank 20, 1002123456789, 홍길동")
	var shown map[string]any
	for returned := any("0.00"); returned == "0.00"; { // the server's worker does the card's part
		shown = object(t, done(t, "withdrawal", "show", "shop", wdr, "--json"))
		returned = shown["returned"]
	}
	if shown["returned"] != "55000.00" || shown["status"] != "approved" {
		t.Errorf("shown: %v", shown)
	}
	cancel := shown["cancellations"].([]any)[1].(map[string]any)["id"].(string)
	done(t, "payment", "given-back", "shop", transfer, cancel)
	wants(t, "done", done(t, "withdrawal", "show", "shop", wdr), "status", "done", "66,000 won of 66,000 won")

	made = w.post("/v1/credit/withdrawals", `{"reason":"남은 것","to":{"bank":"20","number":"1","holder":"홍"}}`)
	rest := made["id"].(string)
	wants(t, "rejected", done(t, "withdrawal", "reject", "shop", rest, "--reason", "계약 기간 중"), "rejected", "because", "계약 기간 중", "by tok_")
	refused(t, 1, []string{"withdrawal", "approve", "shop", rest}, "rejected already")
	for _, verb := range []string{"show", "approve"} {
		refused(t, 1, []string{"withdrawal", verb, "shop", "x"}, `ID: "x" is not the id of a withdrawal`)
		refused(t, 1, []string{"withdrawal", verb, "nobody", rest}, "no withdrawal")
	}
	refused(t, 2, []string{"withdrawal", "list"}, "--all")
	refused(t, 2, []string{"withdrawal", "list", "shop", "--status", "lost"}, "--status")
	refused(t, 1, []string{"withdrawal", "list", "shop", "--limit", "0"}, "--limit")
	refused(t, 2, []string{"withdrawal", "reject", "shop", rest}, "--reason")
}

// doctored is what the doctor says, well or not.
func doctored(t *testing.T) string {
	t.Helper()
	_, out, _ := run(t, "", "doctor")
	return out
}
