package api

import (
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"creditmsg/internal/db"
	"creditmsg/internal/paper"
)

// compliance declares the route of a message's evidence.
func compliance(a *api) {
	a.paper(operation{
		id: "getCompliance", personal: true, path: "/v1/messages/{id}/compliance", tag: "Messages", ability: "messages:read",
		summary: "Get how a message was checked and handed over, signed",
		about: "Evidence for who asks whether it was allowed: the rules and their version, sender and template, the marks of an advertisement, its consents and its night, " +
			"how the list of opt-outs stood at the accept, who sent it, and how many were handed over by day and at night. " +
			"With `to` also what people of this number had agreed to, what they were shown and when. It is of this moment until `final` is true. " +
			"Prove it with creditmsg compliance verify, or by the key of GET /v1/credit/signing-key: Ed25519 over its form, a line feed, and the JSON without spaces and without the member signature.",
		params: []*huma.Param{
			{Name: "id", In: "path", Required: true, Description: "msg_…", Schema: &huma.Schema{Type: huma.TypeString}},
			{Name: "to", In: "query", Description: "A mobile number, however it is written.", Schema: &huma.Schema{Type: huma.TypeString}},
		},
	}, []string{paper.JSON}, a.paperSchema("Compliance", reflect.TypeFor[paper.Compliance]()), a.compliance)
}

func (a *api) compliance(w http.ResponseWriter, r *http.Request, x *exchange) error {
	to, err := mobile(r.URL.Query().Get("to"))
	if err != nil {
		return err
	}
	key, err := x.message(r.PathValue("id"))
	if err != nil {
		return err
	}
	var c *paper.Compliance
	err = a.DB.Snapshot(r.Context(), "api_get_compliance", func(tx *db.Tx) (err error) {
		c, err = a.Papers.Compliance(tx, a.Messages, key, to)
		return err
	})
	if err != nil {
		return err
	}
	text, err := c.JSON()
	if err != nil {
		return err
	}
	a.sendBytes(w, http.StatusOK, paperMedia[paper.JSON], text)
	return nil
}
