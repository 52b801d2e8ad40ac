package api

import (
	"net/http"
	"reflect"

	"github.com/danielgtaylor/huma/v2"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/registration"
)

// documentView is a proof of the right to a sender number.
type documentView struct {
	ID          string  `json:"id" example:"doc_01k9zqm0v8e4t9w2n7c5r3x6yb"`
	Kind        string  `json:"kind" enum:"service_certificate,business_registration,power_of_attorney,employment_certificate,other" doc:"통신서비스 이용증명원, 사업자등록증, 위임장, 재직증명서, or another one."`
	Name        string  `json:"name" people:"text" doc:"What its file was called; may be empty."`
	ContentType string  `json:"content_type" enum:"application/pdf,image/jpeg,image/png" doc:"Of its content."`
	Bytes       int     `json:"bytes"`
	AddedAt     instant `json:"added_at"`

	KeptSince maybeInstant `json:"kept_since" doc:"Since when it stays, whatever becomes of the number, which was approved or blocked then; null = it can be removed."`
}

func showDocument(d registration.Document) documentView {
	return documentView{d.ID.Text(id.Document), string(d.Kind), d.Title, d.Media, d.Size, instant(d.AddedAt), maybeInstant(d.KeptAt)}
}

type documentNamed struct {
	Number string `path:"number" example:"0261234567"`
	ID     string `path:"id" doc:"doc_…"`
}

// of reads which document of which number is meant.
func (n documentNamed) of() (korea.Number, id.ID, error) {
	number, err := senderNumber(n.Number)
	if err != nil {
		return "", id.ID{}, err
	}
	d, err := named(id.Document, "document", n.ID)
	if err != nil {
		return "", id.ID{}, err
	}
	return number, d, nil
}

const documentsPath = "/v1/senders/{number}/documents"

// senderDocuments declares the routes about what a number is registered by.
func senderDocuments(a *api) {
	write(a, operation{
		id: "requestSender", method: http.MethodPost, path: "/v1/senders/{number}/request", tag: "Senders", ability: "senders:write", status: http.StatusOK,
		summary: "Ask again for a sender number that was rejected", about: "Add what was missing before. Repeating it changes nothing.", codes: []string{fault.CodeStateConflict},
	}, func(tx *db.Tx, x *exchange, in *senderNamed) (senderView, error) {
		n, err := senderNumber(in.Number)
		if err != nil {
			return senderView{}, err
		}
		s, err := a.Registration.AskAgain(tx, x.site, n)
		if err != nil {
			return senderView{}, err
		}
		return a.showSender(tx, s)
	})
	a.declareAddDocument()
	read(a, operation{
		id: "listSenderDocuments", method: http.MethodGet, path: documentsPath, tag: "Senders", ability: "senders:read", status: http.StatusOK,
		summary: "List the documents by which a sender number is registered",
	}, a.listDocuments)
	content := operation{
		id: "getSenderDocument", personal: true, method: http.MethodGet, path: documentsPath + "/{id}", tag: "Senders", ability: "senders:read", status: http.StatusOK,
		summary: "Get a document itself",
		params:  []*huma.Param{pathParam("number", "0261234567"), pathParam("id", "doc_…")},
	}
	plain(a, content, nil, a.answering(func(_ http.ResponseWriter, r *http.Request, x *exchange) (*reply, error) {
		return a.documentContent(r, x)
	}))
	file := &huma.MediaType{Schema: fileSchema("")}
	a.huma.OpenAPI().Paths[content.path].Get.Responses["200"].Content = map[string]*huma.MediaType{"application/pdf": file, "image/jpeg": file, "image/png": file}
	write(a, operation{
		id: "removeSenderDocument", method: http.MethodDelete, path: documentsPath + "/{id}", tag: "Senders", ability: "senders:write", status: http.StatusNoContent,
		summary: "Remove a document of a number that is not decided on, or was rejected", about: "Unless the number was approved or blocked before.", codes: []string{fault.CodeStateConflict},
	}, func(tx *db.Tx, x *exchange, in *documentNamed) (nothing, error) {
		n, of, err := in.of()
		if err != nil {
			return nothing{}, err
		}
		return nothing{}, a.Registration.Remove(tx, x.site, n, of)
	})
}

func pathParam(name, about string) *huma.Param {
	return &huma.Param{Name: name, In: "path", Required: true, Description: about, Schema: &huma.Schema{Type: huma.TypeString}}
}

func (a *api) declareAddDocument() {
	add := operation{
		id: "addSenderDocument", method: http.MethodPost, path: documentsPath, tag: "Senders", ability: "senders:write", status: http.StatusCreated,
		summary: "Add a document by which a sender number is registered",
		about: "The body is the file itself: PDF, JPEG or PNG by its content, at most 5 MiB. A number has at most ten; once it is approved or blocked they stay as they are, also when it is removed. " +
			"They are sealed with the site's key. Those of a number that was neither are gone with it.",
		codes: []string{fault.CodeStateConflict},
		params: []*huma.Param{pathParam("number", "0261234567"),
			{Name: "kind", In: "query", Required: true, Description: "What it is.", Schema: &huma.Schema{Type: huma.TypeString, Enum: kindsOfDocuments()}},
			{Name: "name", In: "query", Description: "What the file is called.", Schema: &huma.Schema{Type: huma.TypeString}}},
		body: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{
			"application/pdf": {Schema: fileSchema("")}, "image/jpeg": {Schema: fileSchema("")}, "image/png": {Schema: fileSchema("")}, "application/octet-stream": {Schema: fileSchema("")}}},
	}
	plain(a, add, reflect.TypeFor[documentView](), a.answering(func(w http.ResponseWriter, r *http.Request, x *exchange) (*reply, error) {
		return a.addDocument(w, r, x, add)
	}))
}

func kindsOfDocuments() (kinds []any) {
	for _, k := range registration.DocumentKinds {
		kinds = append(kinds, string(k))
	}
	return kinds
}

func (a *api) addDocument(w http.ResponseWriter, r *http.Request, x *exchange, o operation) (*reply, error) {
	n, err := senderNumber(r.PathValue("number"))
	if err != nil {
		return nil, err
	}
	body, release, err := a.whole(w, r, registration.MostDocumentSize)
	defer release()
	if err != nil {
		return nil, err
	}
	query := r.URL.Query()
	return a.once(r.Context(), x, o, func(tx *db.Tx) (*reply, error) {
		d, err := a.Registration.Add(tx, x.site, n, registration.DocumentKind(query.Get("kind")), query.Get("name"), body)
		if err != nil {
			return nil, err
		}
		return rendered(o.status, showDocument(d))
	})
}

func (a *api) listDocuments(tx *db.Tx, x *exchange, in *senderNamed) (out listOf[documentView], err error) {
	n, err := senderNumber(in.Number)
	if err != nil {
		return out, err
	}
	all, err := a.Registration.List(tx, x.site, n)
	out.Data = []documentView{}
	for _, d := range all {
		out.Data = append(out.Data, showDocument(d))
	}
	return out, err
}

func (a *api) documentContent(r *http.Request, x *exchange) (out *reply, err error) {
	n, of, err := documentNamed{r.PathValue("number"), r.PathValue("id")}.of()
	if err != nil {
		return nil, err
	}
	err = a.DB.View(r.Context(), "api_get_sender_document", func(tx *db.Tx) error {
		media, content, err := a.Registration.Content(tx, x.site, n, of)
		out = &reply{Status: http.StatusOK, Media: media, Body: content}
		return err
	})
	return out, err
}
