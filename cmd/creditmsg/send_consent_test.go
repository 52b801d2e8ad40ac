package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// csv writes a list of recipients.
func csv(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "list.csv")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestAnAdvertisementTakesConsentsFromTheColumnsOfTheList(t *testing.T) {
	a := newAPI(t)
	list := csv(t, "전화번호,이름,수신동의일,야간동의\n010-1111-2222,김하나,2026-01-05,예\n010-1111-3333,이두리,2026-01-05 09:30,\n010-1111-4444,박세나,,N\n")
	code, _, errs := a.send(t, "--strategy", "sms_only", "--text", "세일", "--csv", list, "--advertising", "--opt-out-number", "080-123-4567",
		"--consent-evidence", "회원 가입 기록", "--night", "refuse")
	if code != 0 || errs != "" {
		t.Fatalf("exit %d, %s", code, errs)
	}
	got := a.only(t)
	wantMessage := map[string]any{"strategy": "sms_only", "night": "refuse", "text": map[string]any{"body": "세일", "advertising": true,
		"opt_out_number": "080-123-4567", "consent_evidence": "회원 가입 기록"}}
	if diff := cmp.Diff(wantMessage, got.message); diff != "" {
		t.Error(diff)
	}
	want := []map[string]any{
		{"to": "010-1111-2222", "variables": map[string]any{"이름": "김하나"}, "consent_at": "2026-01-05T00:00:00+09:00", "night_consent": true},
		{"to": "010-1111-3333", "variables": map[string]any{"이름": "이두리"}, "consent_at": "2026-01-05T09:30:00+09:00"},
		{"to": "010-1111-4444", "variables": map[string]any{"이름": "박세나"}},
	}
	if diff := cmp.Diff(want, got.recipients); diff != "" {
		t.Error(diff)
	}
}

func TestColumnsOfConsentsAreVariablesOfWhatIsNoAdvertisement(t *testing.T) {
	a := newAPI(t)
	code, _, errs := a.send(t, "--strategy", "sms_only", "--text", "#{동의일}", "--csv", csv(t, "전화번호,동의일,야간동의\n010-1111-2222,어제,글쎄\n"))
	if code != 0 || errs != "" {
		t.Fatalf("exit %d, %s", code, errs)
	}
	want := []map[string]any{{"to": "010-1111-2222", "variables": map[string]any{"동의일": "어제", "야간동의": "글쎄"}}}
	if diff := cmp.Diff(want, a.only(t).recipients); diff != "" {
		t.Error(diff)
	}
}

func TestAConsentThatCannotBeReadNamesItsLine(t *testing.T) {
	for name, row := range map[string]string{"a day": "어제,예", "a night": "2026-01-05,글쎄"} {
		a := newAPI(t)
		code, _, errs := a.send(t, "--strategy", "sms_only", "--text", "세일", "--advertising", "--csv", csv(t, "전화번호,동의일,야간동의\n010-1111-2222,"+row+"\n"))
		if code != 1 {
			t.Errorf("%s: exit %d, want 1", name, code)
		}
		wants(t, name, errs, "line 2")
	}
}

func TestFlagsOfAdvertisingBelongToIt(t *testing.T) {
	for _, flags := range [][]string{{"--opt-out-number", "0801234567"}, {"--consent-evidence", "x"}, {"--night", "refuse"}} {
		a := newAPI(t)
		if code, _, _ := a.send(t, append([]string{"--strategy", "sms_only", "--text", "x", "--to", "01012345678"}, flags...)...); code != 2 {
			t.Errorf("%v: exit %d, want 2", flags, code)
		}
	}
}
