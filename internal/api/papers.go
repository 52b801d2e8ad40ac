package api

import (
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"reflect"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/paper"
	"creditmsg/internal/site"
)

// The media types of papers by their formats.
var paperMedia = map[string]string{
	paper.JSON:   "application/json",
	paper.CSV:    "text/csv; charset=utf-8",
	paper.XLSX:   "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
	paper.NDJSON: "application/x-ndjson",
	paper.HTML:   "text/html; charset=utf-8",
}

// keysView is the installation's public keys.
type keysView struct {
	KeyID     string    `json:"key_id" doc:"Of the key that signs now."`
	PublicKey []byte    `json:"public_key" doc:"Ed25519, 32 bytes in base64."`
	Keys      []keyView `json:"keys" doc:"All that ever signed, oldest first."`
}

type keyView struct {
	KeyID     string    `json:"key_id" doc:"The first 16 hex digits of the key's SHA-256."`
	PublicKey []byte    `json:"public_key"`
	Since     time.Time `json:"since"`
}

// monthView is a month that there is a statement of.
type monthView struct {
	Month   string `json:"month" doc:"Korean, such as 2026-12."`
	Running bool   `json:"running" doc:"It is not over; its statement says how it stands."`
}

// profileView is whom papers are made out to.
type profileView struct {
	BusinessNumber    string `json:"business_number,omitempty" doc:"사업자등록번호: ten digits, with or without hyphens; the last one is checked." example:"124-81-00998"`
	Name              string `json:"name,omitempty" doc:"상호"`
	Representative    string `json:"representative,omitempty" doc:"대표자"`
	Address           string `json:"address,omitempty" doc:"주소"`
	BusinessType      string `json:"business_type,omitempty" doc:"업태"`
	BusinessItem      string `json:"business_item,omitempty" doc:"종목"`
	Email             string `json:"email,omitempty" doc:"Where papers are sent."`
	Paper             string `json:"paper,omitempty" enum:"tax_invoice,cash_receipt_business,cash_receipt_person,none" default:"none" doc:"What is issued for a payment. A tax invoice needs number, name, representative and e-mail."`
	CashReceiptNumber string `json:"cash_receipt_number,omitempty" people:"number" doc:"Of a cash receipt: the business number, or a person's mobile number."`
}

type profileSet struct {
	Body profileView `nameHint:"BillingProfileBody"`
}

// papers declares the routes about statements and what belongs to them.
func papers(a *api) {
	plain(a, operation{
		id: "getSigningKey", method: http.MethodGet, path: "/v1/credit/signing-key", tag: "Credit", status: http.StatusOK,
		summary: "Get the public keys that statements are signed with",
		about:   "Note the key: who has it can prove a statement later without asking anyone (creditmsg ledger verify --statement FILE --key KEY).",
	}, reflect.TypeFor[keysView](), a.answering(a.signingKey))
	read(a, operation{
		id: "listStatements", method: http.MethodGet, path: "/v1/credit/statements", tag: "Credit", ability: "credit:read", status: http.StatusOK,
		summary: "List the months that there are statements of, newest first",
	}, a.listStatements)
	a.paper(operation{
		id: "getStatement", path: "/v1/credit/statements/{month}", summary: "Get the statement of a month",
		about: "Opening balance, every movement summed by kind and by channel, payments with VAT, closing balance, and the signed end of the ledger's chain on each day. " +
			"The JSON is signed as a whole. The statement of the present month says how it stands.",
		params: []*huma.Param{
			{Name: "month", In: "path", Required: true, Description: "Korean, such as 2026-12.", Schema: &huma.Schema{Type: huma.TypeString}, Example: "2026-12"},
			choice("format", "Instead of Accept.", paper.JSON, paper.CSV, paper.XLSX),
		},
	}, []string{paper.JSON, paper.CSV, paper.XLSX}, a.paperSchema("Statement", reflect.TypeFor[paper.Statement]()), a.statement)
	a.paper(operation{
		id: "exportEntries", path: "/v1/credit/entries/export", summary: "Export the ledger, oldest first",
		about: "All entries of some days, with everything that their hashes are made of. It is streamed; an export that breaks off is not ended in order.",
		params: []*huma.Param{
			{Name: "from", In: "query", Description: "The first Korean day, such as 2026-12-01; without it from the first entry on.", Schema: &huma.Schema{Type: huma.TypeString}},
			{Name: "until", In: "query", Description: "The last Korean day, included; without it up to now.", Schema: &huma.Schema{Type: huma.TypeString}},
			choice("format", "", paper.NDJSON, paper.CSV),
			{Name: "notes", In: "query", Description: "true adds notes, which are free text, with the keys that prove them.", Schema: &huma.Schema{Type: huma.TypeBoolean}},
		},
	}, []string{paper.NDJSON, paper.CSV}, nil, a.exportEntries)
	receipts(a)
	read(a, operation{
		id: "getBillingProfile", method: http.MethodGet, path: "/v1/billing-profile", tag: "Credit", ability: "credit:read", status: http.StatusOK,
		summary: "Get whom papers are made out to",
	}, func(tx *db.Tx, x *exchange, _ *struct{}) (profileView, error) {
		p, err := a.Papers.Profile(tx, x.site)
		return profileView(p), err
	})
	write(a, operation{
		id: "setBillingProfile", method: http.MethodPut, path: "/v1/billing-profile", tag: "Credit", ability: "credit:write", status: http.StatusOK,
		summary: "Replace whom papers are made out to",
	}, func(tx *db.Tx, x *exchange, in *profileSet) (profileView, error) {
		p, err := a.Papers.SetProfile(tx, x.site, paper.Profile(in.Body))
		return profileView(p), err
	})
}

// choice is a parameter of few words.
func choice(name, about string, words ...string) *huma.Param {
	s := &huma.Schema{Type: huma.TypeString}
	for _, w := range words {
		s.Enum = append(s.Enum, w)
	}
	return &huma.Param{Name: name, In: "query", Description: about, Schema: s}
}

// paper declares a route whose reply has one of several forms; whole is that of JSON.
func (a *api) paper(o operation, formats []string, whole *huma.Schema, serve func(http.ResponseWriter, *http.Request, *exchange) error) {
	o.method, o.status = http.MethodGet, http.StatusOK
	if o.ability == "" {
		o.ability = "credit:read"
	}
	if o.tag == "" {
		o.tag = "Credit"
	}
	plain(a, o, nil, func(w http.ResponseWriter, r *http.Request) {
		if err := serve(w, r, of(r.Context())); err != nil {
			a.refuse(w, r, err)
		}
	})
	content := map[string]*huma.MediaType{}
	for _, f := range formats {
		schema := &huma.Schema{Type: huma.TypeString}
		if f == paper.JSON {
			schema = whole
		}
		content[strings.Split(paperMedia[f], ";")[0]] = &huma.MediaType{Schema: schema}
	}
	a.huma.OpenAPI().Paths[o.path].Get.Responses["200"].Content = content
}

// paperSchema describes a paper. Its parts have names of their own, which begin with the
// paper's, beside those of the API's.
func (a *api) paperSchema(paper string, t reflect.Type) *huma.Schema {
	parts := huma.NewMapRegistry("#/components/schemas/", func(t reflect.Type, hint string) string {
		return paper + strings.TrimPrefix(huma.DefaultSchemaNamer(t, hint), paper)
	})
	whole := parts.Schema(t, true, "")
	schemas := a.huma.OpenAPI().Components.Schemas.Map()
	for name, s := range parts.Map() {
		nullable(s, parts.TypeFromRef("#/components/schemas/"+name))
		if schemas[name] != nil && !reflect.DeepEqual(schemas[name], s) {
			a.flaws = append(a.flaws, fmt.Errorf("the document has two schemas of the name %s: give the paper %s another", name, paper))
		}
		schemas[name] = s
	}
	return whole
}

// formatOf is the form that a request asks for: by its parameter, or by the first media type
// of Accept that is one of these, or the first.
func formatOf(r *http.Request, formats ...string) (string, error) {
	asked := r.URL.Query().Get("format")
	for _, f := range formats {
		if f == asked {
			return f, nil
		}
	}
	if asked != "" {
		return "", fault.Check("/format", "want one of %s", strings.Join(formats, ", "))
	}
	for accepted := range strings.SplitSeq(r.Header.Get("Accept"), ",") {
		media, _, err := mime.ParseMediaType(accepted)
		for _, f := range formats {
			if own, _, _ := strings.Cut(paperMedia[f], ";"); err == nil && media == own {
				return f, nil
			}
		}
	}
	return formats[0], nil
}

func (a *api) signingKey(_ http.ResponseWriter, r *http.Request, _ *exchange) (*reply, error) {
	var signers []site.Signer
	err := a.DB.View(r.Context(), "api_get_signing_key", func(tx *db.Tx) (err error) {
		signers, err = a.Keys.Signers(tx)
		return err
	})
	if err != nil {
		return nil, err
	}
	if len(signers) == 0 {
		return nil, fault.New(fault.Internal, fault.CodeInternal, "there is no signing key: the installation's keys were not prepared")
	}
	last := signers[len(signers)-1]
	out := keysView{KeyID: last.ID, PublicKey: last.Public}
	for _, k := range paper.PublicKeys(signers) {
		out.Keys = append(out.Keys, keyView{k.ID, k.Key, k.Since})
	}
	return rendered(http.StatusOK, out)
}

func (a *api) listStatements(tx *db.Tx, x *exchange, in *Paging) (out listOf[monthView], err error) {
	l, err := a.list(tx, x, "statements")
	if err != nil {
		return out, err
	}
	var after string
	if err := l.after(in.Cursor, &after); err != nil {
		return out, err
	}
	months, err := a.Papers.Months(tx, x.site)
	for err == nil && after != "" && len(months) > 0 && months[0].Month >= after {
		months = months[1:]
	}
	if err != nil {
		return out, err
	}
	show := func(m paper.MonthOf) (monthView, error) { return monthView(m), nil }
	return pageOf(l, months, in.Limit, show, func(m paper.MonthOf) any { return m.Month })
}

func (a *api) statement(w http.ResponseWriter, r *http.Request, x *exchange) error {
	format, err := formatOf(r, paper.JSON, paper.CSV, paper.XLSX)
	if err != nil {
		return err
	}
	var s *paper.Statement
	err = a.DB.Snapshot(r.Context(), "api_get_statement", func(tx *db.Tx) (err error) {
		s, err = a.Papers.Statement(tx, x.site, r.PathValue("month"))
		return err
	})
	if err != nil {
		return err
	}
	text, err := s.In(format)
	if err != nil {
		return err
	}
	w.Header().Add("Vary", "Accept")
	name(w, "statement-"+x.site+"-"+s.Month, format)
	a.sendBytes(w, http.StatusOK, paperMedia[format], text)
	return nil
}

// name says what a reply is called where it is kept as a file; JSON is for programs.
func name(w http.ResponseWriter, file, format string) {
	if format != paper.JSON {
		w.Header().Set("Content-Disposition", fmt.Sprintf("attachment; filename=%q", file+"."+format))
	}
}

func (a *api) exportEntries(w http.ResponseWriter, r *http.Request, x *exchange) error {
	format, err := formatOf(r, paper.NDJSON, paper.CSV)
	if err != nil {
		return err
	}
	query := r.URL.Query()
	notes := query.Get("notes")
	if notes != "" && notes != "true" && notes != "false" {
		return fault.Check("/notes", "want true or false")
	}
	var e *paper.Export
	err = a.DB.View(r.Context(), "api_export_entries", func(tx *db.Tx) (err error) {
		e, err = a.Papers.Entries(tx, paper.Range{Site: x.site, From: query.Get("from"), Until: query.Get("until"), Format: format, Notes: notes == "true"})
		return err
	})
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", paperMedia[format])
	w.Header().Add("Vary", "Accept")
	name(w, "entries-"+x.site, format)
	a.stream(w, r, x, func(ctx context.Context, out io.Writer) error { return e.WriteTo(ctx, a.DB, out) })
	return nil
}
