package solapi

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/internal/provider"
)

const upload step = "POST " + filesPath

func TestAnUploadIsWhatTheVendorsDocumentsSay(t *testing.T) {
	refused := func(reason provider.Reason, code string) provider.Uploaded {
		return provider.Uploaded{Failed: provider.Result{Outcome: provider.Refused, Reason: reason, Code: code, Text: "거절"}}
	}
	for name, c := range map[string]struct {
		reply http.HandlerFunc
		want  provider.Uploaded
	}{
		"taken":            {say(`{"fileId":"ST01FZ260101","type":"MMS"}`), provider.Uploaded{ID: "ST01FZ260101"}},
		"of a wrong form":  {refuse(400, "ValidationError"), refused(provider.AttachmentError, "ValidationError")},
		"too large":        {refuse(413, "PayloadTooLarge"), refused(provider.AttachmentError, "PayloadTooLarge")},
		"no id":            {say(`{}`), notNamed},
		"a path for an id": {say(`{"fileId":"a/../b"}`), notNamed},
		"not JSON":         {say(`<html>`), notNamed},
	} {
		v := newVendor(t, map[step]http.HandlerFunc{upload: c.reply})
		got := v.account().Upload(t.Context(), provider.Picture{Name: "a.jpg", Content: []byte("jpeg")})
		got.Failed.RetryAfter = 0
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff([]string{`{"file":"anBlZw==","type":"MMS","name":"a.jpg"}`}, v.bodies[upload]); diff != "" {
			t.Errorf("%s: body (-want +got):\n%s", name, diff)
		}
	}
}

var notNamed = provider.Uploaded{Failed: provider.Result{Outcome: provider.NotSent, Reason: provider.ProviderInternal, Text: "upload picture: the reply names no file"}}

func TestAGroupWithAPictureThatIsGoneIsNotSent(t *testing.T) {
	legs := textLegs(3)
	for i := range legs[1:] {
		l := &legs[i+1]
		l.Channel, l.Pictures = provider.MMS, []provider.Picture{{Name: "a.jpg", UpstreamID: fmt.Sprintf("ST0%d", i+1)}}
	}
	byCode := newVendor(t, nil)
	byCode.codes = map[string]string{string(legs[2].To): codeNoImage}
	for name, c := range map[string]struct {
		v    *vendor
		gone []string
	}{
		"a result of one leg":      {byCode, []string{"ST02"}},
		"an error of the requests": {newVendor(t, map[step]http.HandlerFunc{add: refuse(400, "ImageNotFound")}), []string{"ST01", "ST02"}},
	} {
		got := c.v.account().Submit(t.Context(), callOf(legs), stored)
		if got.Outcome != provider.NotSent || got.Reason != "" {
			t.Errorf("%s: got %+v, want it not sent, and nobody's fault", name, got)
		}
		if diff := cmp.Diff(c.gone, got.Gone); diff != "" {
			t.Errorf("%s: gone (-want +got):\n%s", name, diff)
		}
		if diff := cmp.Diff([]step{create, add, remove}, c.v.requests()); diff != "" {
			t.Errorf("%s: requests (-want +got):\n%s", name, diff)
		}
	}
}
