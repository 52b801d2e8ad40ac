package solapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/korea"
	"creditmsg/internal/provider"
)

func stored(context.Context, string) error { return nil }

// told is what a test asserts of a result.
type told struct {
	Outcome    provider.Outcome
	Reason     provider.Reason
	Code       string
	RetryAfter time.Duration
	Group      string
	Members    int
}

func tell(r provider.Result) told {
	return told{r.Outcome, r.Reason, r.Code, r.RetryAfter, r.UpstreamID, len(r.Members)}
}

// whole is the protocol when nothing goes wrong; the others end earlier.
var (
	whole   = []step{create, add, send}
	only    = []step{create}
	dropped = []step{create, add, remove}
	undone  = []step{create, add, send, remove}
)

func TestACallEndsInExactlyTheOutcomeThatIsCertain(t *testing.T) {
	const again = 7 * time.Second
	for name, c := range map[string]struct {
		at      step
		handler http.HandlerFunc
		want    told
		steps   []step
	}{
		"taken": {"", nil, told{Outcome: provider.Accepted, Group: testGroup, Members: 2}, whole},

		"create: no balance":      {create, refuse(402, "NotEnoughBalance"), told{provider.Refused, provider.ProviderBalance, "NotEnoughBalance", again, "", 0}, only},
		"create: wrong key":       {create, refuse(403, "InvalidAPIKey"), told{provider.Refused, provider.AuthFailed, "InvalidAPIKey", again, "", 0}, only},
		"create: seen before":     {create, refuse(403, "DuplicatedSignature"), told{provider.NotSent, provider.ProviderInternal, "DuplicatedSignature", again, "", 0}, only},
		"create: no login":        {create, bare(401), told{provider.Refused, provider.AuthFailed, "HTTP 401", 0, "", 0}, only},
		"create: too fast":        {create, refuse(429, ""), told{provider.Refused, provider.ProviderRateLimited, "HTTP 429", again, "", 0}, only},
		"create: blocked app":     {create, refuse(400, "BlockedApp"), told{provider.Refused, provider.AuthFailed, "BlockedApp", again, "", 0}, only},
		"create: unknown no":      {create, refuse(418, "Teapot"), told{provider.Refused, provider.UnrecognisedCode, "Teapot", again, "", 0}, only},
		"create: 500":             {create, bare(500), told{provider.NotSent, provider.ProviderInternal, "HTTP 500", 0, "", 0}, only},
		"create: cut":             {create, cut, told{provider.NotSent, provider.ProviderInternal, "", 0, "", 0}, only},
		"create: half a reply":    {create, half, told{provider.NotSent, provider.ProviderInternal, "", 0, "", 0}, only},
		"create: no group":        {create, say(`{}`), told{provider.NotSent, provider.ProviderInternal, "", 0, "", 0}, only},
		"create: a crooked group": {create, say(`{"groupId":"../../cash"}`), told{provider.NotSent, provider.ProviderInternal, "", 0, "", 0}, only},
		"create: redirected": {create, func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, told{provider.NotSent, provider.ProviderInternal, "HTTP 307", 0, "", 0}, only},

		"add: no balance":       {add, refuse(402, "NotEnoughBalance"), told{provider.Refused, provider.ProviderBalance, "NotEnoughBalance", again, testGroup, 0}, dropped},
		"add: wrong signature":  {add, refuse(403, "SignatureDoesNotMatch"), told{provider.Refused, provider.AuthFailed, "SignatureDoesNotMatch", again, testGroup, 0}, dropped},
		"add: seen before":      {add, refuse(403, "DuplicatedSignature"), told{provider.NotSent, provider.ProviderInternal, "DuplicatedSignature", again, testGroup, 0}, dropped},
		"add: too fast":         {add, bare(429), told{provider.Refused, provider.ProviderRateLimited, "HTTP 429", 0, testGroup, 0}, dropped},
		"add: too many":         {add, refuse(413, "RecipientsTooMany"), told{provider.Refused, provider.ProviderQuota, "RecipientsTooMany", again, testGroup, 0}, dropped},
		"add: not valid":        {add, refuse(400, "ValidationError"), told{provider.Refused, provider.ContentMissing, "ValidationError", again, testGroup, 0}, dropped},
		"add: group is gone":    {add, refuse(404, "ResourceNotFound"), told{provider.NotSent, provider.ProviderInternal, "ResourceNotFound", again, testGroup, 0}, dropped},
		"add: already sending":  {add, refuse(409, "GroupInProcessing"), told{provider.Unknown, "", "GroupInProcessing", again, testGroup, 0}, []step{create, add}},
		"add: 503":              {add, bare(503), told{provider.NotSent, provider.ProviderInternal, "HTTP 503", 0, testGroup, 0}, dropped},
		"add: too slow":         {add, bare(408), told{provider.NotSent, provider.ProviderInternal, "HTTP 408", 0, testGroup, 0}, dropped},
		"add: cut":              {add, cut, told{provider.NotSent, provider.ProviderInternal, "", 0, testGroup, 0}, dropped},
		"add: half a reply":     {add, half, told{provider.NotSent, provider.ProviderInternal, "", 0, testGroup, 0}, dropped},
		"add: a leg is missing": {add, say(`{"resultList":[{"statusCode":"2000","customFields":{"ref":"demo-rich.0.1.1"}}]}`), told{provider.NotSent, provider.ProviderInternal, "", 0, testGroup, 0}, dropped},
		"add: a leg twice":      {add, say(`{"resultList":[{"statusCode":"2000","customFields":{"ref":"demo-rich.0.1.1"}},{"statusCode":"2000","customFields":{"ref":"demo-rich.0.1.1"}}]}`), told{provider.NotSent, provider.ProviderInternal, "", 0, testGroup, 0}, dropped},
		"add: a stranger":       {add, say(`{"resultList":[{"statusCode":"2000","customFields":{"ref":"demo-rich.0.1.1"}},{"statusCode":"2000","to":"01099999999"}]}`), told{provider.NotSent, provider.ProviderInternal, "", 0, testGroup, 0}, dropped},
		"add: no JSON":          {add, bare(200), told{provider.NotSent, provider.ProviderInternal, "", 0, testGroup, 0}, dropped},

		"send: no balance":         {send, refuse(402, "NotEnoughBalance"), told{provider.Refused, provider.ProviderBalance, "NotEnoughBalance", again, testGroup, 0}, undone},
		"send: wrong key":          {send, refuse(403, "InvalidAPIKey"), told{provider.Refused, provider.AuthFailed, "InvalidAPIKey", again, testGroup, 0}, undone},
		"send: seen before":        {send, refuse(403, "DuplicatedSignature"), told{provider.Unknown, "", "DuplicatedSignature", 0, testGroup, 0}, whole},
		"send: too fast":           {send, refuse(429, "TooManyRequests"), told{provider.Refused, provider.ProviderRateLimited, "TooManyRequests", again, testGroup, 0}, undone},
		"send: not valid":          {send, refuse(400, "ValidationError"), told{provider.Refused, provider.ContentMissing, "ValidationError", again, testGroup, 0}, undone},
		"send: inactive app":       {send, refuse(400, "InactiveApp"), told{provider.Refused, provider.AuthFailed, "InactiveApp", again, testGroup, 0}, undone},
		"send: group was deleted":  {send, refuse(400, "DeletedGroup"), told{provider.NotSent, provider.ProviderInternal, "DeletedGroup", 0, testGroup, 0}, undone},
		"send: group is not found": {send, refuse(404, "ResourceNotFound"), told{provider.NotSent, provider.ProviderInternal, "ResourceNotFound", 0, testGroup, 0}, undone},
		"send: already sent":       {send, refuse(409, "AlreadySent"), told{provider.Accepted, "", "AlreadySent", 0, testGroup, 2}, whole},
		"send: in processing":      {send, refuse(409, "GroupInProcessing"), told{provider.Accepted, "", "GroupInProcessing", 0, testGroup, 2}, whole},
		"send: scheduled":          {send, refuse(409, "ScheduledGroup"), told{provider.Unknown, "", "ScheduledGroup", 0, testGroup, 0}, whole},
		"send: failed":             {send, refuse(400, "FailedGroup"), told{provider.Unknown, "", "FailedGroup", 0, testGroup, 0}, whole},
		"send: other state":        {send, refuse(400, "InvalidStatus"), told{provider.Unknown, "", "InvalidStatus", 0, testGroup, 0}, whole},
		"send: unknown no":         {send, bare(400), told{provider.Unknown, "", "HTTP 400", 0, testGroup, 0}, whole},
		"send: a gateway's 404":    {send, bare(404), told{provider.Unknown, "", "HTTP 404", 0, testGroup, 0}, whole},
		"send: too slow":           {send, bare(408), told{provider.Unknown, "", "HTTP 408", 0, testGroup, 0}, whole},
		"send: 500":                {send, bare(500), told{provider.Unknown, "", "HTTP 500", 0, testGroup, 0}, whole},
		"send: 503 of the vendor":  {send, refuse(503, "NotEnoughBalance"), told{provider.Unknown, "", "NotEnoughBalance", 0, testGroup, 0}, whole},
		"send: cut":                {send, cut, told{provider.Unknown, "", "", 0, testGroup, 0}, whole},
		"send: half a reply":       {send, half, told{provider.Unknown, "", "", 0, testGroup, 0}, whole},
		"send: no JSON":            {send, bare(200), told{provider.Unknown, "", "", 0, testGroup, 0}, whole},
		"send: failed at once":     {send, say(`{"status":"FAILED"}`), told{provider.Unknown, "", "FAILED", 0, testGroup, 0}, whole},
		"send: complete at once":   {send, say(`{"status":"COMPLETE"}`), told{provider.Accepted, "", "", 0, testGroup, 2}, whole},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVendor(t, map[step]http.HandlerFunc{c.at: c.handler})
			got := v.account().Submit(t.Context(), callOf(textLegs(2)), stored)
			if diff := cmp.Diff(c.want, tell(got)); diff != "" {
				t.Errorf("result (-want +got):\n%s\ntext: %s", diff, got.Text)
			}
			if diff := cmp.Diff(c.steps, v.requests()); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}

func TestATimeoutIsUnknownOnlyOnceTheGroupMayBeSent(t *testing.T) {
	for at, want := range map[step]told{
		create: {Outcome: provider.NotSent, Reason: provider.ProviderInternal},
		add:    {Outcome: provider.NotSent, Reason: provider.ProviderInternal, Group: testGroup},
		send:   {Outcome: provider.Unknown, Group: testGroup},
	} {
		t.Run(string(at), func(t *testing.T) {
			t.Parallel()
			v := newVendor(t, map[step]http.HandlerFunc{at: hang})
			got := v.account(within(time.Second)).Submit(t.Context(), callOf(textLegs(2)), stored)
			if diff := cmp.Diff(want, tell(got)); diff != "" {
				t.Errorf("result (-want +got):\n%s\ntext: %s", diff, got.Text)
			}
		})
	}
}

func TestACallerThatGivesUpBeforeSendingLeavesNothingBehind(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	v := newVendor(t, nil)
	got := v.account().Submit(ctx, callOf(textLegs(2)), func(context.Context, string) error { cancel(); return nil })
	if diff := cmp.Diff(told{Outcome: provider.NotSent, Group: testGroup}, tell(got)); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	wantAbandoned(t, v)
}

// wantAbandoned checks that the group was deleted and not sent. Whether its messages were
// on their way by then is a matter of chance.
func wantAbandoned(t *testing.T, v *vendor) {
	t.Helper()
	if steps := v.requests(); slices.Contains(steps, send) || !slices.Contains(steps, remove) {
		t.Errorf("requests are %v, want the group deleted and not sent", steps)
	}
}

func TestACallerThatGivesUpWhileSendingKnowsNothing(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	v := newVendor(t, map[step]http.HandlerFunc{send: func(w http.ResponseWriter, r *http.Request) { cancel(); hang(w, r) }})
	got := v.account().Submit(ctx, callOf(textLegs(2)), stored)
	if diff := cmp.Diff(told{Outcome: provider.Unknown, Group: testGroup}, tell(got)); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(whole, v.requests()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestAnUnreachableVendorIsNotSent(t *testing.T) {
	v := newVendor(t, nil)
	v.Close()
	got := v.account().Submit(t.Context(), callOf(textLegs(1)), stored)
	if diff := cmp.Diff(told{Outcome: provider.NotSent, Reason: provider.ProviderInternal}, tell(got)); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
}

func TestASendThatFindsNoConnectionIsNotSent(t *testing.T) {
	var v *vendor
	v = newVendor(t, map[step]http.HandlerFunc{add: func(w http.ResponseWriter, r *http.Request) {
		v.Listener.Close() // after this reply nobody answers any more
		w.Header().Set("Connection", "close")
		reply(w, `{"resultList":[{"statusCode":"2000","customFields":{"ref":"demo-rich.0.1.1"}}]}`)
	}})
	got := v.account().Submit(t.Context(), callOf(textLegs(1)), stored)
	if diff := cmp.Diff(told{Outcome: provider.NotSent, Reason: provider.ProviderInternal, Group: testGroup}, tell(got)); diff != "" {
		t.Errorf("result (-want +got):\n%s\ntext: %s", diff, got.Text)
	}
}

func TestTheGroupIsStoredOnceWhileMessagesAreAddedAndBeforeItIsSent(t *testing.T) {
	adding, storing := make(chan struct{}), make(chan struct{})
	v := newVendor(t, map[step]http.HandlerFunc{add: func(w http.ResponseWriter, _ *http.Request) {
		close(adding)
		<-storing
		reply(w, `{"resultList":[{"statusCode":"2000","customFields":{"ref":"demo-rich.0.1.1"}}]}`)
	}})
	var begun []string
	got := v.account().Submit(t.Context(), callOf(textLegs(1)), func(_ context.Context, group string) error {
		begun = append(begun, group)
		close(storing)
		<-adding // neither waits for the other
		if diff := cmp.Diff([]step{create, add}, v.requests()); diff != "" {
			t.Errorf("requests before it is stored (-want +got):\n%s", diff)
		}
		return nil
	})
	if diff := cmp.Diff([]string{testGroup}, begun); diff != "" || got.Outcome != provider.Accepted {
		t.Errorf("outcome %v, begun (-want +got):\n%s", got.Outcome, diff)
	}
	if diff := cmp.Diff(whole, v.requests()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestAGroupWhoseIDCannotBeStoredIsDeleted(t *testing.T) {
	v := newVendor(t, nil)
	got := v.account().Submit(t.Context(), callOf(textLegs(1)), func(context.Context, string) error { return errors.New("no database") })
	if diff := cmp.Diff(told{Outcome: provider.NotSent, Group: testGroup}, tell(got)); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	wantAbandoned(t, v)
}

func TestLegsRefusedAtRegistrationAreNamedAndTheOthersSent(t *testing.T) {
	for _, noCustom := range []bool{false, true} {
		t.Run(fmt.Sprintf("customFields left out %v", noCustom), func(t *testing.T) {
			v := newVendor(t, nil)
			v.noCustom = noCustom
			v.codes = map[string]string{"01000000001": "1062", "01000000002": "1999", "01000000003": "7"}
			got := v.account().Submit(t.Context(), callOf(textLegs(4)), stored)
			want := []provider.Member{
				{UpstreamID: "M-01000000000"},
				{Refused: true, Reason: provider.SenderNotRegistered, Code: "1062", Text: "말 1062", UpstreamID: "M-01000000001"},
				{Refused: true, Reason: provider.UnrecognisedCode, Code: "1999", Text: "말 1999", UpstreamID: "M-01000000002"},
				{UpstreamID: "M-01000000003"}, // not certainly refused
			}
			if diff := cmp.Diff(want, got.Members); diff != "" || got.Outcome != provider.Accepted {
				t.Errorf("outcome %v, members (-want +got):\n%s", got.Outcome, diff)
			}
			if diff := cmp.Diff(whole, v.requests()); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}

func TestAGroupInWhichEveryLegWasRefusedIsNotSent(t *testing.T) {
	v := newVendor(t, nil)
	v.codes = map[string]string{"01000000000": "1062", "01000000001": "1030"}
	got := v.account().Submit(t.Context(), callOf(textLegs(2)), stored)
	if diff := cmp.Diff(told{Outcome: provider.Accepted, Group: testGroup, Members: 2}, tell(got)); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	if m := got.Members; !m[0].Refused || m[0].Reason != provider.SenderNotRegistered || !m[1].Refused || m[1].Reason != provider.ProviderBalance {
		t.Errorf("members: got %+v", m)
	}
	if diff := cmp.Diff(dropped, v.requests()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
}

func TestALegThatCannotBeSentTakesNoOtherDown(t *testing.T) {
	v := newVendor(t, nil)
	legs := textLegs(7)
	legs[1].Ref = ""
	legs[2].Ref = strings.Repeat("x", 101)
	legs[3].Ref = legs[0].Ref
	legs[4].To = ""
	legs[5].Channel = provider.MMS
	legs[6].Channel = provider.Alimtalk
	got := v.account().Submit(t.Context(), callOf(legs), stored)
	reasons := make([]provider.Reason, len(got.Members))
	for i, m := range got.Members {
		reasons[i] = m.Reason
	}
	want := []provider.Reason{"", provider.ContentMissing, provider.ContentMissing, provider.Duplicate, provider.InvalidNumber, provider.AttachmentError, provider.ContentMissing}
	if diff := cmp.Diff(want, reasons); diff != "" {
		t.Errorf("reasons (-want +got):\n%s", diff)
	}
	if n := strings.Count(v.bodies[add][0], `"to":`); n != 1 {
		t.Errorf("messages added: got %d, want 1", n)
	}

	alone := newVendor(t, nil)
	if got := alone.account().Submit(t.Context(), callOf(legs[1:2]), stored); got.Outcome != provider.Accepted || !got.Members[0].Refused || len(alone.requests()) != 0 {
		t.Errorf("nothing to send: got %+v after %v", got, alone.requests())
	}
}

func TestTheRequestsAreExactlyTheVendors(t *testing.T) {
	v := newVendor(t, nil)
	call := callOf([]provider.Leg{
		{Ref: "a.1", To: "01012345678", Channel: provider.Alimtalk, Text: "김하나님, <예약> & 확정", Alimtalk: &provider.Template{
			ChannelID: "KA01PF260101000000000AbCdEfGhIjK", TemplateID: "KA01TP260101000000000LmNoPqRsTuV",
			Buttons: []provider.Button{
				{Type: "WL", Name: "보기", URLMobile: "https://m.ex.kr/1", URLPC: "https://ex.kr/1"},
				{Type: "AL", Name: "앱", SchemeIOS: "ex://i", SchemeAndroid: "ex://a"},
			}}},
		{Ref: "a.2", To: "01012345679", From: "0261234567", Channel: provider.SMS, Subject: "버려짐", Text: "짧은 글"},
		{Ref: "a.3", To: "01012345670", From: "0261234567", Channel: provider.LMS, Subject: "제목", Text: "긴 글\n두 줄"},
	})
	v.account().Submit(t.Context(), call, stored)
	want := map[step][]string{
		create: {`{"strict":false,"allowDuplicates":false,"customFields":{"batch":"` + call.ID.String() + `"}}`},
		add: {`{"messages":[` +
			`{"to":"01012345678","type":"ATA","text":"김하나님, <예약> & 확정","autoTypeDetect":false,"kakaoOptions":{"pfId":"KA01PF260101000000000AbCdEfGhIjK","templateId":"KA01TP260101000000000LmNoPqRsTuV","disableSms":true,"buttons":[` +
			`{"buttonName":"보기","buttonType":"WL","linkMo":"https://m.ex.kr/1","linkPc":"https://ex.kr/1"},` +
			`{"buttonName":"앱","buttonType":"AL","linkAnd":"ex://a","linkIos":"ex://i"}]},"customFields":{"ref":"a.1"}}` + "\n" +
			`,{"to":"01012345679","from":"0261234567","type":"SMS","text":"짧은 글","autoTypeDetect":false,"customFields":{"ref":"a.2"}}` + "\n" +
			`,{"to":"01012345670","from":"0261234567","type":"LMS","subject":"제목","text":"긴 글\n두 줄","autoTypeDetect":false,"customFields":{"ref":"a.3"}}` + "\n" +
			`]}`},
		send: {""},
	}
	if diff := cmp.Diff(want, v.bodies); diff != "" {
		t.Errorf("bodies (-want +got):\n%s", diff)
	}
}

func TestALargeCallIsAddedInSeveralRequestsToOneGroup(t *testing.T) {
	v := newVendor(t, nil)
	got := v.account().Submit(t.Context(), callOf(textLegs(maxLegs+1)), stored)
	if diff := cmp.Diff(told{Outcome: provider.Accepted, Group: testGroup, Members: maxLegs + 1}, tell(got)); diff != "" {
		t.Errorf("result (-want +got):\n%s\n%s", diff, got.Text)
	}
	if diff := cmp.Diff([]step{create, add, add, send}, v.requests()); diff != "" {
		t.Errorf("requests (-want +got):\n%s", diff)
	}
	if last := got.Members[maxLegs]; last.UpstreamID != "M-"+string(korea.MobileNumber(maxLegs)) {
		t.Errorf("last member: got %+v", last)
	}
}

func TestARequestHoldsAsManyLegsAsItsBytesAllow(t *testing.T) {
	legs := textLegs(5)
	indexes := []int{4, 3, 2, 1, 0}
	var buf bytes.Buffer
	if n, err := addBody(&buf, legs, indexes, maxBody); n != 5 || err != nil {
		t.Fatalf("addBody: got %d, %v, want 5", n, err)
	}
	one := buf.Len() / 5
	for most, want := range map[int]int{0: 1, one: 1, 2*one + one/2: 2, buf.Len() - 1 - len("]}"): 4, buf.Len(): 5} {
		var part bytes.Buffer
		n, err := addBody(&part, legs, indexes, most)
		if n != want || err != nil {
			t.Errorf("addBody within %d bytes: got %d, %v, want %d", most, n, err, want)
		}
		if got := strings.Count(part.String(), `"ref"`); got != want || !strings.HasSuffix(part.String(), "}\n]}") {
			t.Errorf("addBody within %d bytes: got %d messages: %s", most, got, part.String())
		}
	}
}

func BenchmarkAddBody(b *testing.B) {
	legs := textLegs(maxLegs)
	indexes := make([]int, len(legs))
	for i := range indexes {
		indexes[i] = i
	}
	var buf bytes.Buffer
	b.ReportAllocs()
	for b.Loop() {
		if _, err := addBody(&buf, legs, indexes, maxBody); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/maxLegs, "ns/leg")
}
