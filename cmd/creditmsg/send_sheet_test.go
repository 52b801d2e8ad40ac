package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/xuri/excelize/v2"
)

// workbook writes a workbook with these rows in the named sheet, its second one.
func workbook(t *testing.T, name string, rows ...[]any) string {
	t.Helper()
	f := excelize.NewFile()
	defer f.Close()
	if _, err := f.NewSheet(name); err != nil {
		t.Fatal(err)
	}
	for i, row := range rows {
		if err := f.SetSheetRow(name, fmt.Sprintf("A%d", i+1), &row); err != nil {
			t.Fatal(err)
		}
	}
	path := filepath.Join(t.TempDir(), "people.xlsx")
	if err := f.SaveAs(path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAWorkbookIsSentAsACSVIs(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	path := workbook(t, "명단", []any{"이름", "보호자", "금액"}, []any{"김하나", 1012345678, 15000}, nil, []any{"이두리", "010-12", 2.5}, []any{"박세나", 821012345678, nil})
	raw, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, from := range []string{path, "-"} {
		a := newAPI(t)
		code, out, errs := run(t, string(raw), "send", "--url", a.url, "--token", "x", "--strategy", "sms_only", "--text", "x",
			"--xlsx", from, "--sheet", "명단", "--to-column", "보호자")
		if code != 0 || errs != "" {
			t.Fatalf("exit %d, %s", code, errs)
		}
		want := []map[string]any{
			{"to": "1012345678", "variables": map[string]any{"이름": "김하나", "금액": "15000"}},
			{"to": "010-12", "variables": map[string]any{"이름": "이두리", "금액": "2.5"}},
			{"to": "821012345678", "variables": map[string]any{"이름": "박세나", "금액": ""}},
		}
		if diff := cmp.Diff(want, a.only(t).recipients); diff != "" {
			t.Error(diff)
		}
		wants(t, "the summary", out, "invalid_number 3: line 2, line 4, line 5\n") // as the API of these tests judges
	}
	left, err := os.ReadDir(os.TempDir())
	if err != nil || len(left) > 0 {
		t.Errorf("files are left behind: %v, %v", left, err)
	}
}

func TestAGroupIsSentToAndItsEndIsTold(t *testing.T) {
	a := newAPI(t)
	code, _, errs := a.send(t, "--strategy", "sms_only", "--text", "x", "--group", "grp_1,grp_2", "--notify")
	got := a.only(t)
	want := map[string]any{"strategy": "sms_only", "text": map[string]any{"body": "x"}, "groups": []any{"grp_1", "grp_2"}, "notify_on_done": true}
	if diff := cmp.Diff(want, got.message); diff != "" || code != 0 || len(got.recipients) != 0 {
		t.Errorf("exit %d, %s, %d recipients\n%s", code, errs, len(got.recipients), diff)
	}
	code, out, errs := a.send(t, "--strategy", "sms_only", "--text", "x", "--group", "grp_1", "--dry-run")
	if code != 0 || errs != "" {
		t.Errorf("exit %d, %s", code, errs)
	}
	wants(t, "the estimate", out, "recipients  0 in the groups\n")
}

func TestAWorkbookThatCannotBeReadIsRefusedBeforeAnythingIsSent(t *testing.T) {
	csv := filepath.Join(t.TempDir(), "called.xlsx")
	if err := os.WriteFile(csv, []byte("to,이름\n01012345678,김\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		args []string
		code int
		says string
	}{
		"CSV of another name": {[]string{"--xlsx", csv}, 1, "called.xlsx: the file is no Excel workbook (xlsx): it looks like text, give it as CSV"},
		"no such sheet":       {[]string{"--xlsx", workbook(t, "명단", []any{"to"}), "--sheet", "명부"}, 1, `there is no sheet "명부"; the workbook has Sheet1, 명단`},
		"an empty sheet":      {[]string{"--xlsx", workbook(t, "명단", []any{"to"})}, 1, "the file is empty"},
		"no recipient":        {[]string{"--xlsx", workbook(t, "명단", []any{"to"}), "--sheet", "명단"}, 1, "a header and no recipients"},
		"too many cells":      {[]string{"--xlsx", workbook(t, "명단", []any{"to"}, []any{"1", "2"}), "--sheet", "명단"}, 1, "people.xlsx:2: too many cells"},
		"a sheet of CSV":      {[]string{"--csv", people, "--sheet", "명단"}, 2, "--sheet belongs to --xlsx"},
		"two lists":           {[]string{"--csv", people, "--xlsx", csv}, 2, "can't be used together"},
		"a workbook as CSV":   {[]string{"--csv", workbook(t, "명단")}, 1, "an Excel workbook (xlsx), not CSV"},
	} {
		a := newAPI(t)
		code, _, errs := a.send(t, append([]string{"--strategy", "sms_only", "--text", "x"}, c.args...)...)
		if code != c.code || !strings.Contains(errs, c.says) || len(a.writes()) != 0 {
			t.Errorf("%s: exit %d after %d requests, %s; want %d and %q", name, code, len(a.writes()), errs, c.code, c.says)
		}
	}
}
