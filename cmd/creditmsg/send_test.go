package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/client"
)

const people = "testdata/people.csv"

func TestNumbersOfTheCommandLineAreSentAndSummarized(t *testing.T) {
	a := newAPI(t)
	code, out, errs := a.send(t, "--strategy", "alimtalk_first", "--template", "RESERVE_01", "--text", "안녕, ${x} #{이름}", "--from", "0261234567",
		"--subject", "예약", "--title", "11월", "--to", "010-1234-5678, 010-12", "--to", "01012345678", "--idempotency-key", "mine")
	if code != 0 || errs != "" {
		t.Fatalf("exit %d, %s", code, errs)
	}
	want := request{path: "/v1/messages", kind: "application/json", key: "mine", token: "Bearer cm_test_x",
		message: map[string]any{"strategy": "alimtalk_first", "title": "11월", "alimtalk": map[string]any{"template_code": "RESERVE_01"},
			"text": map[string]any{"from": "0261234567", "subject": "예약", "body": "안녕, ${x} #{이름}"}},
		recipients: []map[string]any{{"to": "010-1234-5678"}, {"to": "010-12"}, {"to": "01012345678"}}}
	if diff := cmp.Diff(want, a.only(t), cmp.AllowUnexported(request{})); diff != "" {
		t.Error(diff)
	}
	wants(t, "the summary", out, "msg_1 accepted: 1 of 3 recipients\n", "duplicates  1, each number is sent once: recipient 3\n",
		"rejected    1\n    invalid_number 1: recipient 2\n      a mobile number has 11 digits\n",
		"planned     alimtalk 1; where that fails sms 1\n", "cost        1,234.5 won expected, 9 won held\n")
}

func TestColumnsOfACSVAreVariablesAndItsLinesNameTheRejected(t *testing.T) {
	a := newAPI(t)
	code, out, errs := a.send(t, "--strategy", "sms_only", "--text", "x", "--csv", people)
	if code != 0 || errs != "" {
		t.Fatalf("exit %d, %s", code, errs)
	}
	want := []map[string]any{
		{"to": "010-1234-5678", "variables": map[string]any{"이름": "김하나", "예약": "11월 1일\n오전"}},
		{"to": "010-12", "variables": map[string]any{"이름": "이두리", "예약": "11월 2일"}},
		{"to": "01012345678", "variables": map[string]any{"이름": "박세나", "예약": "11월 3일"}},
		{"to": "010-2222-3333", "variables": map[string]any{"이름": "최네오", "예약": ""}},
	}
	if diff := cmp.Diff(want, a.only(t).recipients); diff != "" {
		t.Error(diff)
	}
	wants(t, "the summary", out, "invalid_number 1: line 5\n", "sent once: line 6\n")
}

func TestJSONIsTheReplyWithTheLines(t *testing.T) {
	a := newAPI(t)
	code, out, errs := a.send(t, "--strategy", "sms_only", "--text", "x", "--csv", people, "--json")
	if code != 0 || errs != "" {
		t.Fatalf("exit %d, %s", code, errs)
	}
	got := object(t, out)
	rejections := []any{map[string]any{"index": 1.0, "line": 5.0, "to": "010-12", "code": "invalid_number", "detail": "a mobile number has 11 digits"}}
	duplicates := []any{map[string]any{"index": 2.0, "line": 6.0, "to": "01012345678", "first_index": 0.0, "first_line": 2.0}}
	if diff := cmp.Diff([]any{rejections, duplicates, "msg_1", nil}, []any{got["rejections"], got["duplicates"], got["id"], got["scheduled_at"]}); diff != "" {
		t.Error(diff)
	}
	wants(t, "the object", out, `"later_member":12345678901234567`)
}

func TestWaitEndsWithTheOutcome(t *testing.T) {
	const done = `{"status":"done","recipients":{"accepted":2},"counts":{"delivered":1,"failed":1},"delivered_by":{"alimtalk":1},"actual_cost":"9.00","released":"27.00",
		"done_at":"2026-11-22T05:00:03.2Z"}`
	for name, tt := range map[string]struct {
		looks []string
		code  int
		out   []string
		err   []string
	}{
		"done": {[]string{`{"status":"accepted","recipients":{"accepted":2},"counts":{"pending":2}}`, done}, 0,
			[]string{"msg_1 accepted: ", "msg_1 done in 3.2s\n", "delivered   1: alimtalk 1\n", "failed      1\n", "cost        9 won, 27 won released\n"},
			[]string{"[........................]   0% accepted: delivered 0, failed 0, pending 2, cost 0 won\n"}},
		"cancelled": {[]string{`{"status":"cancelled","counts":{"cancelled":2,"expired":1}}`}, 1,
			[]string{"msg_1 cancelled\n", "cancelled   2\n", "expired     1, no report came in time\n"}, []string{"creditmsg: message msg_1 was cancelled\n"}},
		"timed out": {[]string{`{"status":"accepted","counts":{"pending":1,"sent":1}}`}, 1,
			[]string{"msg_1 accepted: "}, []string{"message msg_1 is not done after 300ms: accepted; delivered 0, failed 0, open 2\n", "hint: the server goes on"}},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAPI(t)
			a.looks = tt.looks
			code, out, errs := a.send(t, "--strategy", "sms_only", "--text", "x", "--csv", people, "--wait", "--timeout", "300ms")
			if code != tt.code {
				t.Errorf("exit %d, want %d", code, tt.code)
			}
			wants(t, "standard output", out, tt.out...)
			wants(t, "standard error", errs, tt.err...)
		})
	}
}

func TestJSONWithWaitIsTheFinalMessageWithWhatOnlyThePostKnew(t *testing.T) {
	for state, wantCode := range map[string]int{"done": 0, "cancelled": 1, "accepted": 1} {
		a := newAPI(t)
		a.looks = []string{`{"status":"` + state + `","actual_cost":"9.00","rejections":[]}`}
		code, out, _ := a.send(t, "--strategy", "sms_only", "--text", "x", "--csv", people, "--wait", "--json", "--timeout", "100ms")
		got := object(t, out)
		want := map[string]any{"id": "msg_1", "status": state, "actual_cost": "9.00", "created_at": "2026-11-22T05:00:00Z",
			"recipients":       map[string]any{"total": 4.0, "accepted": 2.0, "duplicate": 1.0, "rejected": 1.0},
			"rejections":       []any{map[string]any{"index": 1.0, "line": 5.0, "to": "010-12", "code": "invalid_number", "detail": "a mobile number has 11 digits"}},
			"rejected_by_code": map[string]any{"invalid_number": 1.0}, "rejections_truncated": false,
			"duplicates": []any{map[string]any{"index": 2.0, "line": 6.0, "to": "01012345678", "first_index": 0.0, "first_line": 2.0}},
			"planned":    map[string]any{"alimtalk": 2.0}, "fallback": map[string]any{"sms": 2.0}}
		if diff := cmp.Diff(want, got); diff != "" || code != wantCode {
			t.Errorf("%s: exit %d, want %d\n%s", state, code, wantCode, diff)
		}
	}
}

func TestInterruptedWaitingEndsAndLeavesTheMessage(t *testing.T) {
	a := newAPI(t)
	a.looks = []string{`{"status":"accepted"}`}
	ctx, interrupt := context.WithCancel(t.Context())
	var out bytes.Buffer
	errs := writerFunc(func(p []byte) (int, error) {
		interrupt() // as soon as the first progress is shown
		return out.Write(p)
	})
	code := realMain(ctx, []string{"send", "--url", a.url, "--token", "x", "--strategy", "sms_only", "--text", "x", "--to", "01012345678", "--wait"}, nil, io.Discard, errs)
	if code != 1 {
		t.Errorf("exit %d, want 1", code)
	}
	wants(t, "standard error", out.String(), "stopped waiting for message msg_1", "POST /v1/messages/msg_1/cancel")
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// manyPeople writes a CSV of n recipients, the last one with a number that is none.
func manyPeople(t *testing.T, n int) string {
	t.Helper()
	var b strings.Builder
	b.WriteString("phone\n")
	for i := range n - 1 {
		fmt.Fprintf(&b, "010%08d\n", i)
	}
	b.WriteString("12\n")
	path := filepath.Join(t.TempDir(), "many.csv")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestMoreThanAHundredThousandRowsGoAsAStream(t *testing.T) {
	for n, kind := range map[int]string{100_000: "application/json", 100_001: "application/x-ndjson"} {
		a := newAPI(t)
		code, out, errs := a.send(t, "--strategy", "sms_only", "--text", "x", "--csv", manyPeople(t, n))
		got := a.only(t)
		if code != 0 || got.kind != kind || len(got.recipients) != n || got.message["strategy"] != "sms_only" {
			t.Errorf("%d rows: exit %d, %d recipients as %s, want %s\n%s", n, code, len(got.recipients), got.kind, kind, errs)
		}
		wants(t, "the summary", out, fmt.Sprintf("invalid_number 1: line %d\n", n+1))
	}
}

func TestAListCanGoInPieces(t *testing.T) {
	a := newAPI(t)
	code, out, errs := a.send(t, "--strategy", "sms_only", "--text", "x", "--csv", manyPeople(t, 2_000), "--resumable")
	if got := a.only(t); code != 0 || got.path != "/v1/uploads/upl_1/send" || len(got.recipients) != 2_000 || got.message["strategy"] != "sms_only" {
		t.Errorf("exit %d, %d recipients at %s\n%s", code, len(got.recipients), got.path, errs)
	}
	wants(t, "the summary", out, "invalid_number 1: line 2001\n")
	if code, _, _ := a.send(t, "--strategy", "sms_only", "--text", "x", "--to", "01012345678", "--resumable", "--idempotency-key", "k"); code != 2 {
		t.Errorf("with a key: exit %d, want 2", code)
	}
}

func TestRowsTooLongForOneJSONRequestGoAsAStream(t *testing.T) {
	path := filepath.Join(t.TempDir(), "long.csv")
	row := "01012345678," + strings.Repeat("가", 1000) + "\n"
	if err := os.WriteFile(path, []byte("phone,내용\n"+strings.Repeat(row, 11_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	a := newAPI(t)
	code, _, errs := a.send(t, "--strategy", "sms_only", "--text", "x", "--csv", path)
	if got := a.only(t); code != 0 || got.kind != "application/x-ndjson" || len(got.recipients) != 11_000 {
		t.Errorf("exit %d, %d recipients as %s\n%s", code, len(got.recipients), got.kind, errs)
	}
}

func TestADryRunAsksForTheCostOnly(t *testing.T) {
	a := newAPI(t)
	code, out, errs := a.send(t, "--strategy", "sms_only", "--text", "x", "--csv", people, "--dry-run")
	if got := a.only(t); code != 0 || got.path != "/v1/messages/estimate" || len(got.recipients) != 4 {
		t.Errorf("exit %d, %d recipients to %s\n%s", code, len(got.recipients), got.path, errs)
	}
	wants(t, "the summary", out, "dry run: nothing was sent or held\n", "recipients  2 of 4\n    rejected invalid_number 1\n", "sms         2 × 18 won = 36 won\n",
		"cost        36 won, at worst 1,234,567.5 won\n", "credit      500 won available: NOT enough\n")
	code, out, _ = a.send(t, "--strategy", "sms_only", "--text", "x", "--csv", people, "--dry-run", "--json")
	if got := object(t, out); code != 0 || got["worst_case"] != "1234567.50" {
		t.Errorf("exit %d, %s", code, out)
	}
	if code, _, errs := a.send(t, "--strategy", "sms_only", "--text", "x", "--csv", manyPeople(t, 100_001), "--dry-run"); code != 0 || a.writes()[2].kind != "application/x-ndjson" {
		t.Errorf("exit %d, %s\n%s", code, a.writes()[2].kind, errs)
	}
}

func TestATimeIsReadAsKoreanTime(t *testing.T) {
	for given, want := range map[string]string{"2026-12-01 09:00": "2026-12-01T09:00:00+09:00", "2026-12-01T00:00:00Z": "2026-12-01T00:00:00Z"} {
		a := newAPI(t)
		code, out, errs := a.send(t, "--strategy", "sms_only", "--text", "x", "--to", "01012345678", "--at", given)
		if got := a.only(t).message["scheduled_at"]; code != 0 || got != want {
			t.Errorf("--at %q: exit %d, scheduled_at %v, want %s\n%s", given, code, got, want, errs)
		}
		wants(t, "the summary", out, "for 2026-12-01 09:00 KST")
	}
}

func TestATextComesFromAFile(t *testing.T) {
	a := newAPI(t)
	if code, _, errs := a.send(t, "--strategy", "sms_only", "--text-file", "testdata/hello.txt", "--to", "01012345678"); code != 0 {
		t.Fatalf("exit %d, %s", code, errs)
	}
	if got, want := a.only(t).message["text"], (map[string]any{"body": "#{이름}님, 안녕하세요"}); !cmp.Equal(got, any(want)) {
		t.Errorf("text = %v, want %v", got, want)
	}
	code, _, errs := a.send(t, "--strategy", "sms_only", "--text-file", "testdata/cp949.txt", "--to", "01012345678")
	if code != 1 || !strings.Contains(errs, "testdata/cp949.txt is not UTF-8") {
		t.Errorf("exit %d, %s", code, errs)
	}
}

func TestStandardInputIsReadForTextAndRows(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	a := newAPI(t)
	common := []string{"send", "--url", a.url, "--token", "x", "--strategy", "sms_only"}
	if code, _, errs := run(t, "안녕\n", append(common, "--text-file=-", "--to", "01012345678")...); code != 0 {
		t.Errorf("exit %d, %s", code, errs)
	}
	if code, _, errs := run(t, "to,이름\n01012345678,김\n", append(common, "--text", "x", "--csv=-")...); code != 0 {
		t.Errorf("exit %d, %s", code, errs)
	}
	if len(a.writes()) != 2 || a.writes()[0].message["text"].(map[string]any)["body"] != "안녕" || len(a.writes()[1].recipients) != 1 {
		t.Errorf("requests = %+v", a.writes())
	}
	left, err := filepath.Glob(filepath.Join(os.TempDir(), "creditmsg-*.csv"))
	if err != nil || len(left) > 0 {
		t.Errorf("copies are left behind: %v, %v", left, err)
	}
}

func TestTheEnvironmentStandsInForAddressAndToken(t *testing.T) {
	a := newAPI(t)
	t.Setenv("CREDITMSG_URL", a.url)
	t.Setenv("CREDITMSG_TOKEN", "cm_test_env")
	code, _, errs := run(t, "", "send", "--strategy", "sms_only", "--text", "x", "--to", "01012345678")
	if got := a.only(t); code != 0 || got.token != "Bearer cm_test_env" || len(got.key) < 16 {
		t.Errorf("exit %d, token %q, key %q\n%s", code, got.token, got.key, errs)
	}
}

func TestATerminalShowsOneLineThatIsRedrawn(t *testing.T) {
	var out bytes.Buffer
	p := &progress{to: &out, terminal: true}
	p.waiting(client.Message{Status: "accepted", Recipients: client.Tally{Accepted: 4}, Counts: client.Counts{Pending: 2, Delivered: 1, Failed: 1}, ActualCost: "9.00"}, nil)
	p.waiting(client.Message{Status: "done", Recipients: client.Tally{Accepted: 4}, Counts: client.Counts{Delivered: 3, Failed: 1}, ActualCost: "27.00"}, nil)
	p.end()
	p.end()
	want := "\r\033[K\033[?7l[############............]  50% accepted: delivered 1, failed 1, pending 2, cost 9 won\033[?7h" +
		"\r\033[K\033[?7l[########################] 100% done: delivered 3, failed 1, pending 0, cost 27 won\033[?7h\n"
	if diff := cmp.Diff(want, out.String()); diff != "" {
		t.Error(diff)
	}
}

func TestElsewhereProgressIsALineNowAndThen(t *testing.T) {
	var out bytes.Buffer
	p := newProgress(&out)
	for range 100 {
		p.waiting(client.Message{Status: "accepted"}, nil)
	}
	p.last = p.last.Add(-lineEvery)
	p.waiting(client.Message{}, context.DeadlineExceeded)
	if lines := strings.Count(out.String(), "\n"); lines != 2 || !strings.Contains(out.String(), "trying again: context deadline exceeded\n") {
		t.Errorf("%d lines, want 2:\n%s", lines, out.String())
	}
}

func TestALostAnswerIsToldWithTheKeyThatMakesRepeatingSafe(t *testing.T) {
	a := newAPI(t)
	a.refuse = func(w http.ResponseWriter, r *http.Request) {
		c, _, _ := w.(http.Hijacker).Hijack()
		c.Close()
	}
	code, _, errs := a.send(t, "--strategy", "sms_only", "--text", "x", "--to", "01012345678")
	if code != 1 || len(a.writes()) != 5 {
		t.Errorf("exit %d after %d tries", code, len(a.writes()))
	}
	wants(t, "standard error", errs, "--idempotency-key "+a.writes()[0].key)
}

func TestAServerThatIsNotThereIsToldWithAHint(t *testing.T) {
	a := newAPI(t)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	var errs bytes.Buffer
	code := realMain(ctx, []string{"send", "--url", "http://127.0.0.1:1", "--token", "x", "--strategy", "sms_only", "--text", "x", "--to", "01012345678"}, nil, io.Discard, &errs)
	if code != 1 || len(a.writes()) != 0 {
		t.Errorf("exit %d", code)
	}
	wants(t, "standard error", errs.String(), "hint: no server listens at http://127.0.0.1:1", "creditmsg serve", "CREDITMSG_URL")
}
