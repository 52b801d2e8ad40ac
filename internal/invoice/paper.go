package invoice

import (
	"context"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"

	"creditmsg/internal/db"
	"creditmsg/internal/id"
	"creditmsg/internal/korea"
)

// Paper is a list for people, as CSV that a spreadsheet opens.
type Paper struct {
	Kind   Kind // "" = every kind
	Claims bool // only what is claimed from the carrier, with the numbers that its lines had
}

const paperRows = 1_000

var paperHeader = []string{"번호", "종류", "설명", "청구서 행", "먼저 청구된 행", "메시지 ID", "참조번호", "수신번호", "발송시간",
	"당사 결과", "당사 채널", "업체 결과", "업체 채널", "결과코드", "고객 과금", "청구 금액", "합의 단가", "환불 제안", "청구 이의 금액"}

// WriteCSV writes differences of an invoice, in chunks. The list of claims is what is sent to
// the carrier: it leaves out what concerns only the site.
func (s *Service) WriteCSV(ctx context.Context, w io.Writer, name string, p Paper) error {
	if _, err := io.WriteString(w, "\ufeff"); err != nil { // spreadsheets take it for UTF-8 then
		return fmt.Errorf("write the list: %w", err)
	}
	out := csv.NewWriter(w)
	if err := out.Write(p.row(paperHeader)); err != nil {
		return fmt.Errorf("write the list: %w", err)
	}
	for after := int64(0); ; {
		var rows [][]string
		var last int64
		err := s.d.View(ctx, "invoice_paper", func(tx *db.Tx) (err error) {
			rows, last, err = s.paperPage(tx, name, p, after)
			return err
		})
		if err != nil {
			return err
		}
		if err := out.WriteAll(rows); err != nil {
			return fmt.Errorf("write the list: %w", err)
		}
		if last == 0 {
			return nil
		}
		after = last
	}
}

// row drops the columns that are no business of the carrier's.
func (p Paper) row(cells []string) []string {
	if !p.Claims {
		return cells
	}
	out := append([]string{}, cells[:14]...)
	return append(out, cells[15], cells[16], cells[18])
}

func (s *Service) paperPage(tx *db.Tx, name string, p Paper, after int64) (rows [][]string, last int64, err error) {
	v, err := Find(tx, name)
	if err != nil {
		return nil, 0, err
	}
	list, err := Differences(tx, v.ID, p.Kind, after, paperRows)
	if err != nil {
		return nil, 0, err
	}
	if len(list) == paperRows {
		last = list[paperRows-1].N
	}
	numbers := map[int]korea.Number{}
	if p.Claims {
		if numbers, err = s.numbers(tx, v.ID, list); err != nil {
			return nil, 0, err
		}
	}
	for _, d := range list {
		if !p.Claims || d.Claim > 0 {
			rows = append(rows, p.row(cellsOf(d, numbers[d.Line])))
		}
	}
	return rows, last, nil
}

// numbers opens the numbers of lines.
func (s *Service) numbers(tx *db.Tx, invoice id.ID, list []Difference) (map[int]korea.Number, error) {
	out := map[int]korea.Number{}
	if len(list) == 0 {
		return out, nil
	}
	key, err := s.keys.Installation(tx, NumberKey)
	if err != nil {
		return nil, err
	}
	rows, err := tx.Lookup("invoice_line", []string{"no", "mobile"}, db.Same("invoice_id", invoice, len(list)), db.Col("no", pick(list, func(d Difference) int { return d.Line })))
	sealed, err := db.Collect(rows, err, scanNumber)
	if err != nil {
		return nil, fmt.Errorf("read numbers of lines: %w", err)
	}
	for _, n := range sealed {
		if mobile, ok := key.OpenNumber(invoice, uint32(n.line), n.block); ok {
			out[n.line] = korea.MobileNumber(mobile)
		}
	}
	return out, nil
}

func cellsOf(d Difference, to korea.Number) []string {
	place := func(line int) string {
		if line == 0 {
			return ""
		}
		return strconv.Itoa(line)
	}
	sent := ""
	if d.sent != 0 {
		sent = d.sent.Time().In(korea.Seoul).Format("2006-01-02 15:04:05")
	}
	return []string{strconv.FormatInt(d.N, 10), string(d.Kind), d.Kind.Korean(), place(d.Line), place(d.Twin), plainCell(d.UpstreamID), d.Reference, string(to), sent,
		string(d.Ours), d.Channel, string(d.Theirs), d.TheirChannel, plainCell(d.Code),
		d.Charged.String(), d.Billed.String(), d.Agreed.String(), d.Refund.String(), d.Claim.String()}
}

// plainCell keeps a spreadsheet from taking what a file said for a formula.
func plainCell(text string) string {
	if text != "" && (text[0] == '=' || text[0] == '+' || text[0] == '-' || text[0] == '@') {
		return "'" + text
	}
	return text
}
