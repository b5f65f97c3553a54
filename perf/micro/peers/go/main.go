// What Go programs do with the rows of a shape that write_shapes leaves in FOLDER:
//
//	peers FOLDER SHAPE REPETITIONS SECONDS
//
//	parse_pglogrepl      jackc/pglogrepl's Parse, the relation looked up, a walk over the columns
//	encode_go_json       the envelope a struct, the row a map: the fastest plain way for tables known at run time
//	encode_go_json_map   everything in maps
//	encode_go_json_fixed everything in structs, so the table is known when the program is compiled: chat alone
//
// Answers are checked before they are timed. One line of JSON per benchmark: medians of CPU time, the
// garbage collector's included.
package main

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"sort"
	"strconv"
	"syscall"

	"github.com/jackc/pglogrepl"
)

func fail(format string, arguments ...any) {
	fmt.Fprintf(os.Stderr, "peers: "+format+"\n", arguments...)
	os.Exit(1)
}

func read(path string) [][]byte {
	bytes, err := os.ReadFile(path)
	if err != nil {
		fail("%v", err)
	}
	var messages [][]byte
	for len(bytes) > 0 {
		end := 4 + binary.BigEndian.Uint32(bytes)
		messages = append(messages, bytes[4:end:end])
		bytes = bytes[end:]
	}
	return messages
}

func cpuSeconds() float64 {
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		fail("getrusage: %v", err)
	}
	return float64(usage.Utime.Nano()+usage.Stime.Nano()) / 1e9
}

// Prints the median; `all` goes through every row once.
func measure(name string, rows, repetitions int, seconds float64, all func()) {
	all()
	times := make([]float64, repetitions)
	for index := range times {
		runtime.GC()
		begun, passes := cpuSeconds(), 0
		for cpuSeconds()-begun < seconds {
			all()
			passes++
		}
		times[index] = (cpuSeconds() - begun) / float64(passes) / float64(rows)
	}
	ordered := append([]float64{}, times...)
	sort.Float64s(ordered)
	line, _ := json.Marshal(map[string]any{"benchmark": name, "time_per_row": ordered[repetitions/2],
		"rows": rows, "repetitions": times})
	fmt.Println(string(line))
}

// --- parse

type answer struct{ rows, columns, valueBytes, firstBytes uint64 }

type relations map[uint32]*pglogrepl.RelationMessage

func parseInsert(message []byte, known relations) (*pglogrepl.RelationMessage, *pglogrepl.InsertMessage) {
	parsed, err := pglogrepl.Parse(message)
	if err != nil {
		fail("pglogrepl: %v", err)
	}
	insert, is := parsed.(*pglogrepl.InsertMessage)
	if !is {
		fail("pglogrepl: %T where an insert stands", parsed)
	}
	relation, is := known[insert.RelationID]
	if !is {
		fail("pglogrepl: relation %d is unknown", insert.RelationID)
	}
	return relation, insert
}

func parseAll(messages [][]byte, known relations) answer {
	var sum answer
	for _, message := range messages {
		_, insert := parseInsert(message, known)
		sum.rows++
		sum.columns += uint64(insert.Tuple.ColumnNum)
		for _, column := range insert.Tuple.Columns {
			sum.valueBytes += uint64(len(column.Data))
			if len(column.Data) > 0 {
				sum.firstBytes += uint64(column.Data[0])
			}
		}
	}
	return sum
}

// --- encode

type source struct {
	Version   string  `json:"version"`
	Connector string  `json:"connector"`
	Name      string  `json:"name"`
	TsMs      int64   `json:"ts_ms"`
	Snapshot  string  `json:"snapshot"`
	Db        string  `json:"db"`
	Sequence  string  `json:"sequence"`
	TsUs      int64   `json:"ts_us"`
	TsNs      int64   `json:"ts_ns"`
	Schema    string  `json:"schema"`
	Table     string  `json:"table"`
	TxID      uint32  `json:"txId"`
	Lsn       uint64  `json:"lsn"`
	Xmin      *uint32 `json:"xmin"`
	Origin    *string `json:"origin"`
	OriginLsn *uint64 `json:"origin_lsn"`
}

type envelope struct {
	Before      any    `json:"before"`
	After       any    `json:"after"`
	Source      source `json:"source"`
	Transaction any    `json:"transaction"`
	Op          string `json:"op"`
	TsMs        int64  `json:"ts_ms"`
	TsUs        int64  `json:"ts_us"`
	TsNs        int64  `json:"ts_ns"`
}

type chat struct {
	ID     int64   `json:"id"`
	RoomID int64   `json:"room_id"`
	UserID string  `json:"user_id"`
	Body   string  `json:"body"`
	SentAt *string `json:"sent_at"`
	Likes  int64   `json:"likes"`
	Meta   string  `json:"meta"`
}

const (
	commitUs = 946684801_000_000 // a second after PostgreSQL's epoch
	eventNs  = 1700000000123456789
)

func integer(text []byte) int64 {
	value, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		fail("%v", err)
	}
	return value
}

func rowMap(relation *pglogrepl.RelationMessage, row *pglogrepl.TupleData) map[string]any {
	after := make(map[string]any, len(row.Columns))
	for index, column := range row.Columns {
		described := relation.Columns[index]
		switch {
		case column.DataType == pglogrepl.TupleDataTypeNull:
			after[described.Name] = nil
		case described.DataType == 20 || described.DataType == 23: // bigint, integer
			after[described.Name] = integer(column.Data)
		case described.DataType == 16: // boolean
			after[described.Name] = string(column.Data) == "t"
		default:
			after[described.Name] = string(column.Data)
		}
	}
	return after
}

func rowStruct(row *pglogrepl.TupleData) *chat {
	made := &chat{ID: integer(row.Columns[0].Data), RoomID: integer(row.Columns[1].Data),
		UserID: string(row.Columns[2].Data), Body: string(row.Columns[3].Data),
		Likes: integer(row.Columns[5].Data), Meta: string(row.Columns[6].Data)}
	if row.Columns[4].DataType != pglogrepl.TupleDataTypeNull {
		text := string(row.Columns[4].Data)
		made.SentAt = &text
	}
	return made
}

func sequence(lsn uint64) string { return `["1000","` + strconv.FormatUint(lsn, 10) + `"]` }

func envelopeOf(relation *pglogrepl.RelationMessage, after any, lsn uint64) *envelope {
	return &envelope{After: after,
		Source: source{Version: "0.1.0+exact", Connector: "postgresql", Name: "chat", TsMs: commitUs / 1000,
			Snapshot: "false", Db: "chat", Sequence: sequence(lsn), TsUs: commitUs, TsNs: commitUs * 1000,
			Schema: relation.Namespace, Table: relation.RelationName, TxID: 700, Lsn: lsn},
		Op: "c", TsMs: eventNs / 1_000_000, TsUs: eventNs / 1000, TsNs: eventNs}
}

func envelopeMap(relation *pglogrepl.RelationMessage, after any, lsn uint64) map[string]any {
	return map[string]any{"before": nil, "after": after,
		"source": map[string]any{"version": "0.1.0+exact", "connector": "postgresql", "name": "chat",
			"ts_ms": commitUs / 1000, "snapshot": "false", "db": "chat", "sequence": sequence(lsn),
			"ts_us": commitUs, "ts_ns": commitUs * 1000, "schema": relation.Namespace,
			"table": relation.RelationName, "txId": 700, "lsn": lsn, "xmin": nil, "origin": nil,
			"origin_lsn": nil},
		"transaction": nil, "op": "c", "ts_ms": eventNs / 1_000_000, "ts_us": eventNs / 1000, "ts_ns": eventNs}
}

type row struct {
	relation *pglogrepl.RelationMessage
	tuple    *pglogrepl.TupleData
	lsn      uint64
}

var encoders = []struct {
	name string
	make func(row) any
}{
	{"encode_go_json", func(from row) any {
		return envelopeOf(from.relation, rowMap(from.relation, from.tuple), from.lsn)
	}},
	{"encode_go_json_map", func(from row) any {
		return envelopeMap(from.relation, rowMap(from.relation, from.tuple), from.lsn)
	}},
	{"encode_go_json_fixed", func(from row) any {
		return envelopeOf(from.relation, rowStruct(from.tuple), from.lsn)
	}},
}

func marshal(made any) []byte {
	event, err := json.Marshal(made)
	if err != nil {
		fail("encoding/json: %v", err)
	}
	return event
}

func fields(event []byte) (parsed any) {
	decoder := json.NewDecoder(bytes.NewReader(event))
	decoder.UseNumber()
	if err := decoder.Decode(&parsed); err != nil {
		fail("%v in %s", err, event)
	}
	return parsed
}

func main() {
	if len(os.Args) != 5 {
		fail("usage: peers FOLDER SHAPE REPETITIONS SECONDS")
	}
	folder, shape := os.Args[1], os.Args[2]
	repetitions, _ := strconv.Atoi(os.Args[3])
	seconds, _ := strconv.ParseFloat(os.Args[4], 64)
	runtime.GOMAXPROCS(1)

	messages := read(filepath.Join(folder, shape+".pgoutput"))
	relation, err := pglogrepl.Parse(messages[1])
	if err != nil {
		fail("pglogrepl: %v", err)
	}
	known := relations{}
	known[relation.(*pglogrepl.RelationMessage).RelationID] = relation.(*pglogrepl.RelationMessage)
	messages = messages[2:]

	var expected answer
	text, err := os.ReadFile(filepath.Join(folder, shape+".answer"))
	if err != nil {
		fail("%v", err)
	}
	fmt.Sscan(string(text), &expected.rows, &expected.columns, &expected.valueBytes, &expected.firstBytes)
	if got := parseAll(messages, known); got != expected {
		fail("pglogrepl reads %v where %v stands, so its time means nothing", got, expected)
	}
	measure("parse_pglogrepl/"+shape, len(messages), repetitions, seconds, func() { parseAll(messages, known) })

	rows := make([]row, len(messages))
	for index, message := range messages {
		relation, insert := parseInsert(message, known)
		rows[index] = row{relation, insert.Tuple, 1_000_000 + uint64(index)*100}
	}
	events := read(filepath.Join(folder, shape+".events"))
	if len(events) != len(rows) {
		fail("%d rows and %d events", len(rows), len(events))
	}
	for _, encoder := range encoders {
		if encoder.name == "encode_go_json_fixed" && shape != "chat" {
			continue
		}
		for index, from := range rows {
			if got := marshal(encoder.make(from)); !reflect.DeepEqual(fields(got), fields(events[index])) {
				fail("%s writes %s where %s stands, so its time means nothing", encoder.name, got, events[index])
			}
		}
		measure(encoder.name+"/"+shape, len(rows), repetitions, seconds, func() {
			for _, from := range rows {
				marshal(encoder.make(from))
			}
		})
	}
}
