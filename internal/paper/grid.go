package paper

import (
	"encoding/base64"
	"fmt"
	"strings"
	"time"

	"creditmsg/internal/korea"
	"creditmsg/internal/money"
)

// The formats of a statement.
const (
	JSON = "json"
	CSV  = "csv"
	XLSX = "xlsx"
)

// block is a table of the statement as people read it: a title, headings, and rows whose
// cells are string, int64 or money.Amount.
type block struct {
	title string
	head  []string
	rows  [][]any
	more  bool // it begins a sheet of its own, where there are sheets
}

// The Korean words for what the ledger says.
var (
	kindsKo = map[string]string{
		"payment": "충전(결제)", "bonus": "보너스", "adjustment": "조정", "reserve": "발송 예약", "settle": "발송 정산", "release": "예약 해제",
		"refund": "환급", "payment_cancel": "결제 취소", "expire": "유효기간 만료", "receivable": "미수금",
	}
	namesKo = map[string]string{
		"available": "사용 가능", "held": "예약 중", "spent": "사용", "cash": "현금", "bonus": "보너스", "adjustment": "조정", "breakage": "소멸", "receivable": "미수금",
	}
	channelsKo = map[string]string{"alimtalk": "알림톡", "sms": "SMS", "lms": "LMS", "mms": "MMS"}
)

// inKorean gives a word as people say it, an unknown one as it is.
func inKorean(words map[string]string, word string) string {
	if said := words[word]; said != "" {
		return said
	}
	return word
}

// blocks lays the statement out.
func (s *Statement) blocks() []block {
	balance := block{title: "잔액", head: []string{"구분", "사용 가능 (원)", "예약 중 (원)", "누적 사용 (원)", "원장 순번"}}
	for _, b := range []struct {
		name string
		Balance
	}{{"월초", s.Opening}, {"월말", s.Closing}} {
		if b.name == "월말" && !s.Complete {
			b.name = "현재"
		}
		balance.rows = append(balance.rows, []any{b.name, b.Available, b.Held, b.Spent, b.Seq})
	}
	moves := block{title: "거래 내역", head: []string{"구분", "금액 (원)", "건수", "나간 계정", "들어온 계정"}}
	for _, m := range s.Movements {
		moves.rows = append(moves.rows, []any{inKorean(kindsKo, m.Kind), m.Amount, m.Count, inKorean(namesKo, m.Debit), inKorean(namesKo, m.Credit)})
	}
	channels := block{title: "채널별 사용", head: []string{"채널", "사용 금액 (원)", "과금 건수", "환급 금액 (원)"}}
	for _, c := range s.Channels {
		channels.rows = append(channels.rows, []any{inKorean(channelsKo, c.Channel), c.Spent, c.Quantity, c.Refunded})
	}
	return []block{s.front(), balance, moves, channels, s.paid(), s.signedDays(), s.keyList()}
}

func (s *Statement) front() block {
	state := "진행 중 (작성 시각까지의 내역)"
	if s.Complete {
		state = "확정"
	}
	b := block{title: "크레딧 이용 명세서", head: []string{"항목", "내용"}, rows: [][]any{
		{"이용 월", s.Month}, {"상태", state}, {"사이트", s.Site}, {"작성 시각", inSeoul(s.MadeAt)},
	}}
	for _, p := range []struct {
		who string
		*Party
	}{{"공급자", s.Supplier}, {"이용자", s.Customer}} {
		if p.Party == nil {
			continue
		}
		for _, row := range [][2]string{
			{"사업자등록번호", korea.BusinessNumber(p.BusinessNumber).Dashed()}, {"상호", p.Name}, {"대표자", p.Representative}, {"주소", p.Address},
		} {
			if row[1] != "" {
				b.rows = append(b.rows, []any{p.who + " " + row[0], row[1]})
			}
		}
	}
	b.rows = append(b.rows, []any{"검증", "서명의 검증은 JSON 명세서로 합니다: creditmsg ledger verify --statement 파일"})
	return b
}

func (s *Statement) paid() block {
	b := block{title: "결제 내역", more: true, head: []string{"일시", "구분", "공급가액 (원)", "부가세 (원)", "합계 (원)", "참조", "원장 순번", "비고"}}
	for _, p := range s.Payments {
		b.rows = append(b.rows, []any{inSeoul(p.At), inKorean(kindsKo, p.Kind), money.Amount(p.Supply), money.Amount(p.VAT), money.Amount(p.Total.Total), p.Ref, p.Seq, p.remark()})
	}
	t := s.PaymentTotal
	b.rows = append(b.rows, []any{"합계", "", money.Amount(t.Supply), money.Amount(t.VAT), money.Amount(t.Total), "", "", ""})
	return b
}

// remark says what is to be known of a payment besides its numbers.
func (p *Payment) remark() string {
	switch {
	case p.FromEntry:
		return "부가세는 원장 금액으로 계산"
	case p.Seq == 0:
		return "부가세만 환불 " + p.Cancel
	}
	return p.Cancel
}

func (s *Statement) signedDays() block {
	b := block{title: "일별 서명", more: true, head: []string{"날짜", "사용 가능 (원)", "예약 중 (원)", "누적 사용 (원)", "원장 순번", "해시", "키", "서명"}}
	heads := s.Heads
	if s.HeadBefore != nil {
		heads = append([]Head{*s.HeadBefore}, heads...)
	}
	for _, h := range heads {
		b.rows = append(b.rows, []any{h.Day, h.Available, h.Held, h.Spent, h.Seq, h.Hash, h.KeyID, base64.StdEncoding.EncodeToString(h.Signature)})
	}
	return b
}

func (s *Statement) keyList() block {
	b := block{title: "서명 키", head: []string{"키", "생성 시각", "공개 키 (Ed25519)"}}
	for _, k := range s.Keys {
		b.rows = append(b.rows, []any{k.ID, inSeoul(k.Since), base64.StdEncoding.EncodeToString(k.Key)})
	}
	return b
}

// inSeoul shows a moment to people in Korea.
func inSeoul(t time.Time) string { return t.In(korea.Seoul).Format("2006-01-02 15:04:05") }

// guarded keeps a text from being taken for a formula by a program that opens CSV.
func guarded(text string) string {
	if text != "" && strings.ContainsRune("=+-@'\t\r", rune(text[0])) {
		return "'" + text
	}
	return text
}

// unguarded undoes guarded.
func unguarded(text string) string { return strings.TrimPrefix(text, "'") }

// cellText is a cell in CSV.
func cellText(v any) string {
	if text, is := v.(string); is {
		return guarded(text)
	}
	return fmt.Sprint(v)
}
