package api

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"time"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
	"creditmsg/internal/message"
	"creditmsg/internal/paper"
	"creditmsg/internal/sheet"
	"github.com/danielgtaylor/huma/v2"
)

// rowOnDisk is about what a row of a workbook takes on disk until all of them are there.
const rowOnDisk = 1 << 10

// recipientStatuses are how recipients of a message stand, in the words of those who read lists.
var recipientStatuses = []struct{ status, korean string }{
	{string(message.Pending), "대기"}, {string(message.Sent), "발송됨"}, {string(message.Delivered), "전달됨"}, {string(message.Failed), "실패"},
	{string(message.Unknown), "확인 중"}, {string(message.Expired), "만료"}, {string(message.Cancelled), "취소됨"}, {rejected, "거절됨"},
}

// exportedHead names the columns of the export.
var exportedHead = []string{"순번", "전화번호", "상태", "status", "채널", "단계", "발송 계정", "비용(원)", "사유", "reason", "사유 코드", "업체 코드", "접수 시각", "발송 시각", "결과 시각", "목록의 줄"}

// exportRecipients declares the route that hands out all recipients of a message.
func exportRecipients(a *api) {
	var words []string
	for _, s := range recipientStatuses {
		words = append(words, s.status)
	}
	a.paper(operation{
		id: "exportRecipients", path: "/v1/messages/{id}/recipients/export", tag: "Messages", ability: "messages:read", personal: true,
		summary: "Export the recipients of a message",
		about: "All who were accepted, in their order and with what became of them, then those who were not; with `status` only those who stand so. Reasons are in Korean and English, times are Korean. " +
			"It is streamed; an export that breaks off is not ended in order. Cells of CSV that a spreadsheet would compute begin with an apostrophe.",
		params: []*huma.Param{
			{Name: "id", In: "path", Required: true, Description: "msg_…", Schema: &huma.Schema{Type: huma.TypeString}},
			choice("format", "", paper.CSV, paper.XLSX), choice("status", "Only who stands so; rejected are those who were not accepted.", words...),
		},
	}, []string{paper.CSV, paper.XLSX}, nil, a.giveRecipients)
}

// statusOf reads the status that an export is narrowed to; "" is every one.
func statusOf(r *http.Request) (string, error) {
	asked := r.URL.Query().Get("status")
	for _, s := range recipientStatuses {
		if s.status == asked {
			return asked, nil
		}
	}
	if asked != "" {
		return "", fault.Check("/status", "there is no status %s of recipients", cut(asked))
	}
	return "", nil
}

func (a *api) giveRecipients(w http.ResponseWriter, r *http.Request, x *exchange) error {
	format, err := formatOf(r, paper.CSV, paper.XLSX)
	if err != nil {
		return err
	}
	status, err := statusOf(r)
	if err != nil {
		return err
	}
	key, err := x.message(r.PathValue("id"))
	if err != nil {
		return err
	}
	var m *message.Message
	err = a.DB.View(r.Context(), "api_export_recipients", func(tx *db.Tx) (err error) {
		m, err = message.Find(tx, key)
		return err
	})
	if err != nil {
		return err
	}
	disk := a.holding(a.disk, r)
	defer disk.release()
	if format == paper.XLSX {
		if err := disk.more(r.Context(), m.Total*rowOnDisk); err != nil {
			return err
		}
	}
	w.Header().Set("Content-Type", paperMedia[format])
	w.Header().Add("Vary", "Accept")
	name(w, "recipients-"+key.ID.Text(id.Message), format)
	a.stream(w, r, x, func(ctx context.Context, out io.Writer) error {
		return a.writeRecipients(ctx, m, status, sheet.Form(format), out)
	})
	return nil
}

// writeRecipients writes a message's recipients, and behind them who was not accepted.
func (a *api) writeRecipients(ctx context.Context, m *message.Message, status string, as sheet.Form, out io.Writer) error {
	list, err := sheet.NewWriter(as, out)
	if err != nil {
		return err
	}
	defer list.Close()
	if err := list.Write(exportedHead); err != nil {
		return err
	}
	if status != rejected {
		err = a.Messages.EachRecipient(ctx, m, message.Progress(status), func(p message.Shown) error { return list.Write(exportedRecipient(p)) })
	}
	if err == nil && (status == "" || status == rejected) {
		err = a.Messages.EachRejection(ctx, m, func(r message.Rejection) error { return list.Write(exportedRejection(r)) })
	}
	if err != nil {
		return fmt.Errorf("export the recipients of message %s: %w", m.ID, err)
	}
	return list.End()
}

func exportedRecipient(p message.Shown) []string {
	korean, english := "", ""
	if p.Reason != "" {
		korean, english = p.Reason.Korean(), p.Reason.English()
	}
	return []string{strconv.FormatInt(int64(p.Seq)+1, 10), p.To.Dashed(), statusInKorean(string(p.State)), string(p.State), p.Channel().String(), strconv.Itoa(p.Step),
		p.Provider, p.Cost().String(), korean, english, string(p.Reason), p.Code,
		inSeoul(p.HandedAt), inSeoul(p.SentAt), inSeoul(p.ReportedAt), ""}
}

func exportedRejection(r message.Rejection) []string {
	line := ""
	if r.Line > 0 {
		line = strconv.FormatInt(r.Line, 10)
	}
	return []string{"", r.To, statusInKorean(rejected), rejected, "", "", "", "0.00", r.Korean(), r.Detail, r.Code, "", "", "", "", line}
}

func statusInKorean(status string) string {
	for _, s := range recipientStatuses {
		if s.status == status {
			return s.korean
		}
	}
	return status
}

// inSeoul is a time as people in Korea read it in a list; "" = there is none.
func inSeoul(at db.Time) string {
	if at == 0 {
		return ""
	}
	return at.Time().In(korea.Seoul).Format(time.DateTime)
}
