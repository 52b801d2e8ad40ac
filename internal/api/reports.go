package api

import (
	"errors"
	"io"
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"creditmsg/internal/fault"
)

// statusView says that all is well.
type statusView struct {
	Status string `json:"status" enum:"ok"`
}

// reports declares the door for delivery reports. Providers sign raw bytes, so
// nothing reads the body before it is checked.
func reports(a *api) {
	o := operation{
		id: "takeReports", method: http.MethodPost, path: "/webhooks/{provider}", tag: "Providers", status: http.StatusOK,
		summary: "Take delivery reports of a provider",
		about:   "For providers, in each one's own format; {provider} is the configured name. It is answered once the report is stored.",
		codes: []string{fault.CodeBodyTooLarge, fault.CodeUnauthenticated, fault.CodeForbidden, fault.CodeUnsupportedMedia, fault.CodeNotFound,
			fault.CodeMalformed, fault.CodeUnavailable},
		params: []*huma.Param{{Name: "provider", In: "path", Required: true, Schema: &huma.Schema{Type: huma.TypeString}}},
		body:   &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/json": {Schema: &huma.Schema{}}}},
	}
	plain(a, o, reflect.TypeFor[statusView](), a.answering(func(w http.ResponseWriter, r *http.Request, _ *exchange) (*reply, error) {
		name := r.PathValue("provider")
		if !a.Delivery.Expects(name) {
			return nil, fault.Missing("provider", cut(name))
		}
		body, err := called(w, r)
		if err != nil {
			return nil, err
		}
		if err := a.Delivery.Receive(r.Context(), name, r.Header, body, a.client(r)); err != nil {
			return nil, err
		}
		return rendered(http.StatusOK, statusView{"ok"})
	}))
}

// announced is how much room is made for a report because its length was said: who has not proven
// anything yet gets no more memory than he sends bytes.
const announced = 16 << 10

// called reads what a provider or a gateway calls about, whatever its length is said to be.
func called(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	u, err := newUpload(w, r, maxBody, jsonWithin)
	if err != nil {
		return nil, err
	}
	if r.ContentLength < 0 || r.ContentLength > announced {
		return io.ReadAll(u)
	}
	body := make([]byte, r.ContentLength)
	if _, err = io.ReadFull(u, body); errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		err = u.fail(err)
	}
	return body, err
}
