package solapi

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/provider"
)

func TestALookupNeverCallsAGroupNotSentThatCouldStillBeSent(t *testing.T) {
	for name, c := range map[string]struct {
		odd   map[step]http.HandlerFunc
		want  provider.Verdict
		fails bool
		steps []step
	}{
		"pending, deleted":           {map[step]http.HandlerFunc{get: say(`{"status":"PENDING"}`)}, provider.LookupNotSent, false, []step{get, remove}},
		"pending, just sent":         {map[step]http.HandlerFunc{get: say(`{"status":"PENDING"}`), remove: refuse(400, "NotOperationalStatus")}, provider.LookupUnknown, true, []step{get, remove}},
		"pending, not deleted":       {map[step]http.HandlerFunc{get: say(`{"status":"PENDING"}`), remove: say(`{"status":"PENDING"}`)}, provider.LookupUnknown, true, []step{get, remove}},
		"pending, deletion cut":      {map[step]http.HandlerFunc{get: say(`{"status":"PENDING"}`), remove: cut}, provider.LookupUnknown, true, []step{get, remove}},
		"deleted":                    {map[step]http.HandlerFunc{get: say(`{"status":"DELETED"}`)}, provider.LookupNotSent, false, []step{get}},
		"sending":                    {map[step]http.HandlerFunc{get: say(`{"status":"SENDING"}`)}, provider.LookupTaken, false, []step{get, list}},
		"complete":                   {map[step]http.HandlerFunc{get: say(`{"status":"COMPLETE"}`)}, provider.LookupTaken, false, []step{get, list}},
		"scheduled":                  {map[step]http.HandlerFunc{get: say(`{"status":"SCHEDULED"}`)}, provider.LookupTaken, false, []step{get, list}},
		"failed":                     {map[step]http.HandlerFunc{get: say(`{"status":"FAILED"}`)}, provider.LookupTaken, false, []step{get, list}},
		"a state of a newer release": {map[step]http.HandlerFunc{get: say(`{"status":"PAUSED"}`)}, provider.LookupUnknown, true, []step{get}},
		"not found":                  {map[step]http.HandlerFunc{get: refuse(404, "ResourceNotFound")}, provider.LookupUnknown, true, []step{get}},
		"wrong key":                  {map[step]http.HandlerFunc{get: refuse(403, "InvalidAPIKey")}, provider.LookupUnknown, true, []step{get}},
		"500":                        {map[step]http.HandlerFunc{get: bare(500)}, provider.LookupUnknown, true, []step{get}},
		"no JSON":                    {map[step]http.HandlerFunc{get: bare(200)}, provider.LookupUnknown, true, []step{get}},
		"list fails":                 {map[step]http.HandlerFunc{list: bare(500)}, provider.LookupUnknown, true, []step{get, list}},
		"a group of another form":    {map[step]http.HandlerFunc{get: say(`["SENDING"]`)}, provider.LookupUnknown, true, []step{get}},
		"an odd count":               {map[step]http.HandlerFunc{get: say(`{"status":"SENDING","count":{"registeredSuccess":"1"}}`)}, provider.LookupTaken, false, []step{get, list}},
		"no list":                    {map[step]http.HandlerFunc{list: say(`{"nextKey":null}`)}, provider.LookupUnknown, true, []step{get, list}},
		"list of another form":       {map[step]http.HandlerFunc{list: say(`{"messageList":[]}`)}, provider.LookupUnknown, true, []step{get, list}},
	} {
		t.Run(name, func(t *testing.T) {
			v := newVendor(t, c.odd)
			got, err := v.account().Lookup(t.Context(), provider.Enquiry{UpstreamID: testGroup})
			if got.Verdict != c.want || (err != nil) != c.fails {
				t.Errorf("got %v, %v, want verdict %v, error %v", got, err, c.want, c.fails)
			}
			if diff := cmp.Diff(c.steps, v.requests()); diff != "" {
				t.Errorf("requests (-want +got):\n%s", diff)
			}
		})
	}
}

func TestALookupTimesOutAsAnError(t *testing.T) {
	v := newVendor(t, map[step]http.HandlerFunc{get: hang})
	if got, err := v.account(within(500*time.Millisecond)).Lookup(t.Context(), provider.Enquiry{UpstreamID: testGroup}); err == nil {
		t.Errorf("got %v, want an error", got)
	}
}

func TestALookupAsksOnlyForWhatCanBeAGroup(t *testing.T) {
	v := newVendor(t, nil)
	for _, group := range []string{"../messages", "G4V 1", strings.Repeat("G", 65)} {
		if got, err := v.account().Lookup(t.Context(), provider.Enquiry{UpstreamID: group}); err == nil || len(v.requests()) != 0 {
			t.Errorf("Lookup(%q): got %v, want an error and no request", group, got)
		}
	}
}

func TestACallWhoseGroupWasNeverStoredWasNotSent(t *testing.T) {
	v := newVendor(t, nil)
	got, err := v.account().Lookup(t.Context(), provider.Enquiry{UpstreamID: "", Refs: []string{"r0"}})
	if err != nil || got.Verdict != provider.LookupNotSent || len(v.requests()) != 0 {
		t.Errorf("got %v, %v after %v, want that it was not sent, without a request", got, err, v.requests())
	}
}

// pages serves a list in pages by startKey.
func pages(t *testing.T, byKey map[string]string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		if r.FormValue("limit") != "500" {
			t.Errorf("limit: got %q, want 500", r.FormValue("limit"))
		}
		reply(w, "%s", byKey[r.FormValue("startKey")])
	}
}

func TestALookupReadsEveryPageOfATakenGroup(t *testing.T) {
	v := newVendor(t, map[step]http.HandlerFunc{
		get: say(`{"status":"COMPLETE","count":{"registeredSuccess":3,"registeredFailed":1}}`),
		list: pages(t, map[string]string{
			"":   `{"nextKey":"M2","messageList":{"M1":{"messageId":"M1","statusCode":"4000","dateReceived":"2026-11-22T09:00:04.000Z","customFields":{"ref":"r1"}},"M0":{"messageId":"M0","statusCode":"1062","reason":"발신번호 미등록","customFields":{"ref":"r0"}}}}`,
			"M2": `{"nextKey":"M3","messageList":{"M2":{"messageId":"M2","statusCode":"3104","reason":"","dateReported":"2026-11-22T09:00:03.000Z","customFields":{"ref":"r2"}}}}`,
			"M3": `{"nextKey":null,"messageList":{"M3":{"messageId":"M3","statusCode":"3000","dateProcessed":"2026-11-22T09:00:01.000Z","customFields":{"ref":"r3"}}}}`,
		}),
	})
	got, err := v.account().Lookup(t.Context(), provider.Enquiry{UpstreamID: testGroup, Refs: []string{"r0", "r1", "r2", "r3"}})
	if err != nil {
		t.Fatalf("Lookup: %v", err)
	}
	at := func(second int) time.Time { return time.Date(2026, 11, 22, 9, 0, second, 0, time.UTC) }
	want := provider.Lookup{Verdict: provider.LookupTaken, Complete: true, Reports: []provider.Report{
		{Ref: "r0", UpstreamID: "M0", Final: true, Reason: provider.SenderNotRegistered, Code: "1062", Text: "발신번호 미등록"},
		{Ref: "r1", UpstreamID: "M1", Final: true, Delivered: true, Code: "4000", Text: "발송 완료", At: at(4)},
		{Ref: "r2", UpstreamID: "M2", Final: true, Reason: provider.NotKakaoUser, Code: "3104", Text: "카카오톡 미사용자", At: at(3)},
		{Ref: "r3", UpstreamID: "M3", Code: "3000", Text: "이통사로 접수됨, 결과 대기 중", At: at(1)},
	}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("look-up (-want +got):\n%s", diff)
	}
}

func TestALookupIsCompleteOnlyWhenTheListCertainlyIs(t *testing.T) {
	const (
		two = `{"status":"SENDING","count":{"registeredSuccess":2}}`
		one = `{"nextKey":null,"messageList":{"M1":{"messageId":"M1","statusCode":"2000","customFields":{"ref":"r1"}},"M2":{"messageId":"M2","statusCode":"1062","customFields":{"ref":"r2"}}}}`
		odd = `{"messageList":{"M1":{"messageId":"M1","statusCode":"2000","customFields":{"ref":"r1"}},"M2":%s}}`
	)
	for name, c := range map[string]struct {
		group string
		list  map[string]string // by startKey
		want  bool
	}{
		"as many as registered":   {`{"status":"SENDING","count":{"registeredSuccess":1}}`, map[string]string{"": one}, true},
		"fewer than registered":   {two, map[string]string{"": one}, false},
		"no count":                {`{"status":"SENDING"}`, map[string]string{"": one}, false},
		"a message without a ref": {`{"status":"SENDING","count":{"registeredSuccess":1}}`, map[string]string{"": `{"messageList":{"M1":{"messageId":"M1","statusCode":"2000"}}}`}, false},
		"a row again on the next page": {two, map[string]string{
			"":   `{"nextKey":"M1","messageList":{"M1":{"messageId":"M1","statusCode":"2000","customFields":{"ref":"r1"}}}}`,
			"M1": `{"nextKey":null,"messageList":{"M1":{"messageId":"M1","statusCode":"3000","customFields":{"ref":"r1"}}}}`,
		}, false},
		"a row again, and all": {two, map[string]string{
			"":   `{"nextKey":"M1","messageList":{"M1":{"messageId":"M1","statusCode":"2000","customFields":{"ref":"r1"}}}}`,
			"M1": `{"nextKey":null,"messageList":{"M1":{"messageId":"M1","statusCode":"2000","customFields":{"ref":"r1"}},"M2":{"messageId":"M2","statusCode":"2000","customFields":{"ref":"r2"}}}}`,
		}, true},
		"one of another form":        {two, map[string]string{"": fmt.Sprintf(odd, `7`)}, false},
		"a ref that is a number":     {two, map[string]string{"": fmt.Sprintf(odd, `{"messageId":"M2","statusCode":"2000","customFields":{"ref":2}}`)}, false},
		"a code that is an object":   {two, map[string]string{"": fmt.Sprintf(odd, `{"messageId":"M2","statusCode":{},"customFields":{"ref":"r2"}}`)}, false},
		"a phone that is a number":   {two, map[string]string{"": fmt.Sprintf(odd, `{"messageId":"M2","to":1012345678,"statusCode":"2000","customFields":{"ref":"r2"}}`)}, true},
		"a next key of another form": {two, map[string]string{"": `{"nextKey":{},"messageList":{"M1":{"statusCode":"2000","customFields":{"ref":"r1"}}}}`}, false},
	} {
		v := newVendor(t, map[step]http.HandlerFunc{get: say(c.group), list: pages(t, c.list)})
		got, err := v.account().Lookup(t.Context(), provider.Enquiry{UpstreamID: testGroup})
		if err != nil || got.Verdict != provider.LookupTaken || got.Complete != c.want {
			t.Errorf("%s: got %+v, %v, want taken, complete %v", name, got, err, c.want)
		}
	}
}

func TestWhatAFailedGroupStillHeldFailedForTheQuota(t *testing.T) {
	v := newVendor(t, map[step]http.HandlerFunc{
		get:  say(`{"status":"FAILED","count":{"registeredSuccess":3}}`),
		list: say(`{"messageList":{"M1":{"statusCode":"2000","customFields":{"ref":"r1"}},"M2":{"statusCode":"3000","customFields":{"ref":"r2"}},"M3":{"statusCode":"4000","customFields":{"ref":"r3"}}}}`),
	})
	got, err := v.account().Lookup(t.Context(), provider.Enquiry{UpstreamID: testGroup})
	if err != nil || len(got.Reports) != 3 || !got.Complete {
		t.Fatalf("Lookup: got %+v, %v", got, err)
	}
	for i, want := range []verdict{{final: true, reason: provider.ProviderQuota}, {}, {final: true, delivered: true}} {
		if r := got.Reports[i]; (verdict{r.Final, r.Delivered, r.Reason}) != want {
			t.Errorf("message %s: got %+v, want %+v", r.Ref, r, want)
		}
	}
}

func TestAListThatDoesNotEndIsAnError(t *testing.T) {
	stuck := newVendor(t, map[step]http.HandlerFunc{list: say(`{"nextKey":"M1","messageList":{}}`)})
	if got, err := stuck.account().Lookup(t.Context(), provider.Enquiry{UpstreamID: testGroup}); err == nil || len(stuck.requests()) != 3 {
		t.Errorf("the same page again: got %v after %d requests, want an error after 3", got, len(stuck.requests()))
	}
	var n int
	endless := newVendor(t, map[step]http.HandlerFunc{list: func(w http.ResponseWriter, _ *http.Request) {
		n++
		fmt.Fprintf(w, `{"nextKey":"M%d","messageList":{}}`, n)
	}})
	if got, err := endless.account().Lookup(t.Context(), provider.Enquiry{UpstreamID: testGroup}); err == nil || n != maxPages {
		t.Errorf("ever new pages: got %v after %d of them, want an error after %d", got, n, maxPages)
	}
}
