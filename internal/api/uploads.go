package api

import (
	"context"
	"net/http"
	"reflect"
	"strconv"

	"github.com/danielgtaylor/huma/v2"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/idem"
	parts "creditmsg/internal/upload"
)

// uploadView is a large message on its way.
type uploadView struct {
	ID        string  `json:"id" example:"upl_01k9zqm0v8e4t9w2n7c5r3x6yb"`
	State     string  `json:"state" enum:"open,used" doc:"It is used once it was sent."`
	Bytes     int64   `json:"bytes" doc:"That have arrived: go on from here."`
	CreatedAt instant `json:"created_at"`
	ExpiresAt instant `json:"expires_at" doc:"When it is deleted."`
}

func showUpload(u parts.Upload) (uploadView, error) {
	return uploadView{ID: u.ID.Text(id.Upload), State: string(u.State), Bytes: u.Size,
		CreatedAt: instant(u.CreatedAt), ExpiresAt: instant(u.ExpiresAt())}, nil
}

type uploadNamed struct {
	ID string `path:"id" doc:"upl_…"`
}

func uploadName(site, text string) (parts.Name, error) {
	d, err := named(id.Upload, "upload", text)
	if err != nil {
		return parts.Name{}, err
	}
	return parts.Name{Site: site, ID: d}, nil
}

// uploads declares the routes of messages that arrive in pieces.
func uploads(a *api) {
	write(a, operation{
		id: "beginUpload", method: http.MethodPost, path: "/v1/uploads", tag: "Messages", ability: "messages:write", status: http.StatusCreated,
		summary: "Begin to send a large message in pieces",
		about: "For connections that may break: what has arrived stays, and the client goes on from there. The pieces together are a message in lines, as `POST /v1/messages` takes it as `application/x-ndjson`: " +
			"add them with `PATCH /v1/uploads/{id}`, then send the message with `POST /v1/uploads/{id}/send`. An upload is deleted two days after it began; a site has at most 10 at a time.",
		codes: []string{fault.CodeStateConflict},
	}, func(tx *db.Tx, x *exchange, _ *struct{}) (uploadView, error) {
		u, err := parts.Begin(tx, x.site)
		if err != nil {
			return uploadView{}, err
		}
		return showUpload(u)
	})
	read(a, operation{
		id: "listUploads", method: http.MethodGet, path: "/v1/uploads", tag: "Messages", ability: "messages:read", status: http.StatusOK,
		summary: "List the uploads, newest first",
	}, a.listUploads)
	read(a, operation{
		id: "getUpload", method: http.MethodGet, path: "/v1/uploads/{id}", tag: "Messages", ability: "messages:read", status: http.StatusOK,
		summary: "See how much of an upload has arrived",
	}, func(tx *db.Tx, x *exchange, in *uploadNamed) (uploadView, error) {
		n, err := uploadName(x.site, in.ID)
		if err != nil {
			return uploadView{}, err
		}
		u, err := parts.Find(tx, n)
		if err != nil {
			return uploadView{}, err
		}
		return showUpload(u)
	})
	remove := operation{
		id: "removeUpload", method: http.MethodDelete, path: "/v1/uploads/{id}", tag: "Messages", ability: "messages:write", status: http.StatusNoContent,
		summary: "Delete an upload that will not be sent", unkeyed: true,
	}
	register[uploadNamed, nothing](a, remove, func(ctx context.Context, x *exchange, in *uploadNamed) (*reply, error) {
		n, err := uploadName(x.site, in.ID)
		if err == nil {
			err = a.Uploads.Remove(ctx, n)
		}
		if err != nil {
			return nil, err
		}
		return rendered(remove.status, nil)
	})
	a.takingPieces()
}

// takingPieces declares the routes whose bodies are not read by huma, or read from the store.
func (a *api) takingPieces() {
	named := &huma.Param{Name: "id", In: "path", Required: true, Description: "upl_…", Schema: &huma.Schema{Type: huma.TypeString}}
	zero := 0.0
	piece := operation{
		id: "appendUpload", method: http.MethodPatch, path: "/v1/uploads/{id}", tag: "Messages", ability: "messages:write", status: http.StatusOK, unkeyed: true,
		summary: "Add bytes to an upload",
		about: "Of any number, from `offset` on, which is how many have arrived. When the connection breaks, what came before stays: ask with `GET` where to go on. " +
			"Another offset gets 409 with `size`, so that nothing is ever added twice.",
		codes: []string{fault.CodeStateConflict},
		params: []*huma.Param{named, {Name: "offset", In: "query", Required: true, Description: "How many bytes have arrived before these.",
			Schema: &huma.Schema{Type: huma.TypeInteger, Format: "int64", Minimum: &zero}}},
		body: &huma.RequestBody{Required: true, Content: map[string]*huma.MediaType{"application/octet-stream": {Schema: fileSchema("At most 512 MiB in all.")}}},
	}
	plain(a, piece, reflect.TypeFor[uploadView](), a.answering(a.appendUpload))
	send := operation{
		id: "sendUpload", method: http.MethodPost, path: "/v1/uploads/{id}/send", tag: "Messages", ability: "messages:write", status: http.StatusAccepted, unkeyed: true, resends: true,
		summary: "Send the message that an upload holds",
		about:   "As `POST /v1/messages` does. An upload is sent once: repeating this gives the first reply. What is refused leaves the upload as it is.",
		codes:   append([]string{fault.CodeMalformed, fault.CodeBodyTooLarge}, a.refusalsOfSending()...),
		params:  []*huma.Param{named}, example: exampleReceipt(),
	}
	plain(a, send, reflect.TypeFor[receiptView](), a.answering(func(_ http.ResponseWriter, r *http.Request, x *exchange) (*reply, error) {
		n, err := uploadName(x.site, r.PathValue("id"))
		if err != nil {
			return nil, err
		}
		return a.sendUpload(r.Context(), x, n, send)
	}))
}

// refusalsOfSending are the codes of the route that sends a message.
func (a *api) refusalsOfSending() (out []string) {
	for _, r := range a.huma.OpenAPI().Paths["/v1/messages"].Post.Responses {
		if names, ok := r.Extensions["x-codes"].([]string); ok {
			out = append(out, names...)
		}
	}
	return out
}

func (a *api) listUploads(tx *db.Tx, x *exchange, in *struct{ Paging }) (listOf[uploadView], error) {
	l, err := a.list(tx, x, "uploads")
	if err != nil {
		return listOf[uploadView]{}, err
	}
	var before id.ID
	if err := l.after(in.Cursor, &before); err != nil {
		return listOf[uploadView]{}, err
	}
	rows, err := parts.List(tx, x.site, parts.Bodies, before, in.Limit+1)
	if err != nil {
		return listOf[uploadView]{}, err
	}
	return pageOf(l, rows, in.Limit, showUpload, func(u parts.Upload) any { return u.ID })
}

// appendUpload takes bytes for as long as they make progress.
func (a *api) appendUpload(w http.ResponseWriter, r *http.Request, x *exchange) (*reply, error) {
	if r.Header.Get("Content-Encoding") != "" {
		return nil, fault.New(fault.Unsupported, fault.CodeUnsupportedMedia, "send the bytes as they are, without a Content-Encoding")
	}
	n, err := uploadName(x.site, r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	offset, err := strconv.ParseInt(r.URL.Query().Get("offset"), 10, 64)
	if err != nil || offset < 0 {
		return nil, fault.Check("/offset", "say how many bytes have arrived before these: ?offset=0 for the first")
	}
	body, err := newUpload(w, r, maxUpload, uploadWithin)
	if err != nil {
		return nil, err
	}
	piece := a.holding(a.pieces, r)
	if err = piece.more(r.Context(), parts.PieceSize); err != nil {
		return nil, err
	}
	defer piece.release()
	u, err := a.Uploads.Append(r.Context(), n, offset, body)
	if err != nil {
		return nil, err
	}
	view, err := showUpload(u)
	if err != nil {
		return nil, err
	}
	return rendered(http.StatusOK, view)
}

// sendUpload accepts the message that an upload holds. The upload's name is the key of its
// acceptance, so a repeat finds the first reply, also after a crash in between; its bytes go
// after it.
func (a *api) sendUpload(ctx context.Context, x *exchange, n parts.Name, o operation) (*reply, error) {
	key := idem.Key{Site: x.site, Scope: o.method + " " + o.path, Key: n.ID.Text(id.Upload)}
	out, err := a.sentBefore(ctx, key)
	if out == nil && err == nil {
		if out, err = a.acceptUpload(ctx, x, n, key); err != nil {
			// What is refused may be so because a twin was accepted meanwhile, with whose acceptance
			// the bytes go.
			if first, _ := a.sentBefore(ctx, key); first != nil {
				out, err = first, nil
			}
		}
	}
	if err != nil {
		return nil, err
	}
	if err := a.Uploads.Use(ctx, n); err != nil && !fault.Is(err, fault.NotFound) {
		return nil, err // the message is accepted, and a repeat says so
	}
	return out, nil
}

func (a *api) acceptUpload(ctx context.Context, x *exchange, n parts.Name, key idem.Key) (*reply, error) {
	body, err := a.Uploads.Open(ctx, n)
	if err != nil {
		return nil, err
	}
	l := newLines(body)
	order, err := l.order()
	if err != nil {
		return nil, err
	}
	order.sentBy(x, key, true)
	draft, err := a.Messages.Draft(ctx, x.site, order.Request)
	if err != nil {
		return nil, err
	}
	if err = l.addTo(ctx, draft); err == nil {
		err = order.addGroups(ctx, draft)
	}
	if err != nil {
		return nil, a.discarded(ctx, draft, err)
	}
	return a.accept(ctx, draft, key, true)
}
