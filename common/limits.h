// The bounds of tributary, with their units in their names: of every queue, retry and buffer that
// more than one folder sees. Bounds that concern one file only are constants there.
#ifndef TRIBUTARY_COMMON_LIMITS_H_
#define TRIBUTARY_COMMON_LIMITS_H_

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace tributary::limits {

inline constexpr std::size_t kKiB = 1024;
inline constexpr std::size_t kMiB = 1024 * kKiB;

// --- what a process serves -------------------------------------------------

inline constexpr std::size_t kMaxWorkers = 256;
inline constexpr std::size_t kMaxSyncs = 256;
// A request; it holds a selection of up to 100,000 tables and a state.
inline constexpr std::size_t kMaxRequestBytes = 128 * kMiB;
// Free memory that the supervisor keeps while a sync runs; the size from which an allocation is a
// mapping of its own; and the number of heap arenas that threads share.
inline constexpr std::size_t kKeptHeapBytes = 64 * kMiB;
inline constexpr std::size_t kMappedAllocationBytes = 4 * kMiB;
inline constexpr int kHeapArenas = 2;
// Setup tests and schema calls that are answered at a time; others wait.
inline constexpr int kQuestionsAtATime = 8;
// A client whose connection shows no sign of life for this long is considered lost, unless
// --client-timeout says otherwise; after a third of this time it is asked for one. A client that
// only pauses may do so for more than a minute.
inline constexpr std::chrono::seconds kDefaultClientTimeout{180};
inline constexpr std::chrono::seconds kLongestClientTimeout{24 * 3600};
// How often a connection is tried again that cannot be accepted because no descriptor is free.
inline constexpr std::chrono::milliseconds kAcceptAgainAfter{200};
// Connections of clients; others wait until one of them ends. Calls that are open on one.
inline constexpr std::size_t kMaxClientConnections = 512;
inline constexpr int kMaxCallsOnConnection = kMaxSyncs + 64;
// A client has this long, or --client-timeout if that is less, to complete the TLS and HTTP/2
// handshakes. It may keep a connection without a call for this many times --client-timeout.
inline constexpr std::chrono::seconds kClientHandshake{20};
inline constexpr int kClientIdleTimeouts = 5;
// The headers of a call.
inline constexpr std::size_t kMaxCallHeaderBytes = 16 * kKiB;
// A file of --tls-cert, --tls-key or --tls-client-ca, and how often they are checked.
inline constexpr std::size_t kMaxPemFileBytes = 4 * kMiB;
inline constexpr std::chrono::seconds kTlsLookEvery{1};
// Open calls at shutdown, after the syncs have ended.
inline constexpr std::chrono::seconds kShutdownGrace{2};

// --- what Fivetran asks ----------------------------------------------------

inline constexpr std::size_t kMaxRecordsInBatch = 100;
// A batch is closed before a row that would make it larger than this.
inline constexpr std::size_t kMaxBatchBytes = 1 * kMiB;
// One message on the stream; a row whose message is larger cannot be sent.
inline constexpr std::size_t kMaxMessageBytes = 128 * kMiB;

// --- rings -----------------------------------------------------------------

// A worker's ring; a power of two and a multiple of the page size.
inline constexpr std::size_t kRingBytes = 8 * kMiB;
// The largest payload of one frame. A larger message goes in parts.
inline constexpr std::size_t kMaxFramePayloadBytes = kMaxBatchBytes + 64 * kKiB;
// The longest bound that a mark may name. There is no mark after a row with a longer key, so that
// the state stays small.
inline constexpr std::size_t kMaxBoundBytes = 16 * kKiB;
// Remarks in one mark, some 20 bytes each: SQLite's 2,000 columns have no more.
inline constexpr int kMaxRemarksInMark = 8192;
// A ring that has had no room for this long is full; its worker's task for that time is repeated
// this often.
inline constexpr std::chrono::milliseconds kRingFullAfter{100};
// The compact form of a batch, in addition to its payload.
inline constexpr std::size_t kMaxCompactBytes = 512 * kKiB;

// --- workers ---------------------------------------------------------------

// Read assignments that a worker may have queued, and their estimated bytes.
inline constexpr std::size_t kQueuedAssignments = 32;
inline constexpr std::uint64_t kQueuedAssignmentBytes = 4 * kMiB;
// Cuts among them: their answers may have to wait until earlier reads end.
inline constexpr std::size_t kQueuedCuts = 4;
// Slices that are kept ready before more tables are cut.
inline constexpr std::size_t kReadySlices = 64;
// Tables in one cutting assignment.
inline constexpr std::size_t kTablesInCut = 64;
// A slice that ends this many workers puts its table aside.
inline constexpr int kDeathsOfSlice = 3;
// If this many workers end without a mark between them, the sync ends.
inline constexpr int kDeathsInRow = 20;
// Changes of the source while a table is read: after the first number the table is read in one
// transaction, even if applications wait for it; after the second it is put aside.
inline constexpr int kMovesBeforeOnePiece = 3;
inline constexpr int kMovesOfTable = 6;
// A worker whose pulse has not changed for this many checks, a second apart, hangs.
inline constexpr int kSilentPulseLooks = 15;
// A worker that is in the middle of a message keeps all others waiting, as only one
// is held in memory. A worker that sends no part of it for this long is ended.
inline constexpr std::chrono::seconds kMessageAssemblyLimit{30};
// What a worker may map, its ring twice and the largest row three times included.
inline constexpr std::uint64_t kWorkerAddressSpaceBytes = 2048 * kMiB;

// --- the stream ------------------------------------------------------------

// Bytes that are handed to gRPC and not yet written.
inline constexpr std::size_t kWriteWindowBytes = 4 * kMiB;
// Bytes of consecutive messages that gRPC collects for one write to the socket.
inline constexpr std::size_t kSocketWriteBytes = 256 * kKiB;
// Bytes in one ring before the sync is woken, and in its queue before the stager is woken; sleeping
// and waking cost more than a batch does.
inline constexpr std::size_t kBytesWorthWaking = 128 * kKiB;
// Items that have waited for the client this long without a break release their ring space and are
// read back from staging.
inline constexpr std::chrono::milliseconds kSpillAfter{2000};
// Bytes taken from one ring before the next ring's turn.
inline constexpr std::size_t kBytesInTurn = 512 * kKiB;

// How long a sync that has to stop waits for its workers to reach a mark, and how long it then
// waits for its client if the process shuts down.
inline constexpr std::chrono::seconds kPauseGrace{10};
inline constexpr std::chrono::seconds kDrainGrace{10};
// The longest that shutting down waits for syncs: both of these, and the time to write the rest.
inline constexpr std::chrono::seconds kDrainLimit{kPauseGrace + kDrainGrace +
                                                  std::chrono::seconds{3}};

// --- metrics ---------------------------------------------------------------

// How often a sync reports its progress.
inline constexpr std::chrono::milliseconds kMetricsEvery{250};
// Scrapes at a time; others wait. A scrape whose client sends or reads nothing ends.
inline constexpr std::size_t kMetricsConnections = 16;
inline constexpr std::chrono::seconds kMetricsPatience{5};
inline constexpr std::size_t kMetricsRequestBytes = 8 * kKiB;
// A token in --web-token-file.
inline constexpr std::size_t kLeastWebTokenBytes = 16;
inline constexpr std::size_t kMaxWebTokenBytes = 1 * kKiB;
// Tables of each sync that --table-metrics may ask for.
inline constexpr std::size_t kMaxTableMetrics = 1000;

// --- the status board --------------------------------------------------------

// Connections that it remembers, ended syncs of each, and Warnings and Tasks of all.
inline constexpr std::size_t kConnectionsOnBoard = 1000;
inline constexpr std::size_t kEndedSyncsOfConnection = 10;
inline constexpr std::size_t kNoticesOnBoard = 200;
// Bytes of one text; the rest is cut off.
inline constexpr std::size_t kMaxNoticeBytes = 1 * kKiB;
// Points of a sync's speed that it remembers.
inline constexpr std::chrono::seconds kPaceEvery{5};
inline constexpr std::size_t kPacePoints = 180;
// How often the memory of a sync's workers is measured.
inline constexpr std::chrono::seconds kWorkerMemoryEvery{2};
// Tables in one answer; for more, the client asks again.
inline constexpr std::size_t kTablesInAnswer = 5000;

// --- control socket and answers ---------------------------------------------

// The largest is the list of tables that a log worker follows.
inline constexpr std::size_t kMaxControlMessageBytes = 64 * kMiB;
// What a catalog, and what the slices of one cut, may take in memory.
inline constexpr std::size_t kMaxCatalogMemoryBytes = 256 * kMiB;
inline constexpr std::size_t kMaxSlicesMemoryBytes = 32 * kMiB;
// The text of a failure in any answer; the rest is cut off.
inline constexpr std::size_t kMaxFailureBytes = 16 * kKiB;

// --- staging ---------------------------------------------------------------

// Batches are collected into values of about this size before compression.
inline constexpr std::size_t kStagingBlockBytes = 256 * kKiB;
// Total size of the batches in one value when they are read back.
inline constexpr std::size_t kStagingBlockMessageBytes = 4 * kMiB;
// A segment is closed before it holds this; under LevelDB's write buffer, so
// that it never leaves LevelDB's log.
inline constexpr std::size_t kStagingSegmentBytes = 32 * kMiB;
inline constexpr std::size_t kStagingWriteBufferBytes = 48 * kMiB;
// A connection that has not synced for this long is considered abandoned.
inline constexpr std::chrono::hours kStagingAbandonedAfter{24 * 30};
// How often such connections are looked for.
inline constexpr std::chrono::hours kAbandonedStagingEvery{1};
inline constexpr std::uint64_t kDefaultStagingLimitBytes = std::uint64_t{20} << 30;
inline constexpr std::uint64_t kLeastStagingLimitBytes = std::uint64_t{256} << 20;
// At least this many checkpoints are sent before the staging limit is reached.
inline constexpr std::uint64_t kCheckpointsInStagingLimit = 8;
// A larger item is staged in parts of this.
inline constexpr std::size_t kStagingPartBytes = 2 * kMiB;

// --- digests ---------------------------------------------------------------

// Rows in one slice of a comparison; a larger one is divided.
inline constexpr std::uint64_t kSliceDigests = 64 * 1024;
inline constexpr std::uint64_t kMostSliceDigests = 2 * kSliceDigests;
// The same in bytes of digests, for rows with long keys.
inline constexpr std::size_t kSliceDigestBytes = 8 * kMiB;
// Digests in one frame.
inline constexpr std::size_t kDigestFrameBytes = 512 * kKiB;
// The digests of one slice that a worker compares its rows with. A table that is one slice and has
// more is copied again.
inline constexpr std::size_t kMaxSliceDigestBytes = 24 * kMiB;
// A table with a longer key is copied again.
inline constexpr std::size_t kMaxDigestKeyBytes = 4 * kKiB;
// How long a checkpoint waits for the digests that its state names.
inline constexpr std::chrono::milliseconds kDigestPatience{3000};

// --- requests --------------------------------------------------------------

// Warnings that one selection gives; the last one counts those left out.
inline constexpr std::size_t kMaxSelectionWarnings = 100;
// Names that one warning lists, and how much of each it shows.
inline constexpr std::size_t kMaxNamesInWarning = 10;
inline constexpr std::size_t kMaxNameBytesInWarning = 128;
// Columns of a table that the Warning of their wider types lists, with what they hold.
inline constexpr std::size_t kWidenedInWarning = 50;

// --- state -----------------------------------------------------------------

// 10,000 live tables take under 1 MiB, and 10,000 that are copied while a log is followed under 3.
// The tree of one takes at most 40 bytes of memory for each byte of the text; for the text of live
// tables 8.
inline constexpr std::size_t kMaxStateBytes = 8 * kMiB;
// Total size of schema names and content identifiers in memory: the text holds each once, but every
// table that shares one has a copy.
inline constexpr std::size_t kMaxStateSharedBytes = 64 * kMiB;
// Version 2 is six deep; unknown fields may go this far.
inline constexpr std::size_t kMaxStateDepth = 32;
// Every whole number up to this is exact in any JSON reader.
inline constexpr std::uint64_t kMaxPosition = (std::uint64_t{1} << 53) - 1;

// --- logs ------------------------------------------------------------------

// The bytes that one write to a pipe writes in one piece (PIPE_BUF), so that the lines of
// supervisor and workers never mix.
inline constexpr std::size_t kMaxLogLineBytes = 4096;
// For each level; further lines are counted and not written.
inline constexpr std::size_t kMaxLogLinesPerSecond = 100;

// --- sandbox ---------------------------------------------------------------

// RLIMIT_NOFILE of a worker: its four, the source's, and room for a driver.
inline constexpr std::size_t kWorkerOpenFiles = 256;

// --- sources ---------------------------------------------------------------

// The largest size that a slice is cut to; smaller if the table is small.
inline constexpr std::size_t kSliceTargetBytes = 64 * kMiB;
// A table is cut into about this many slices before slices grow to the target; none is under the
// least.
inline constexpr std::size_t kSlicePieces = 8;
inline constexpr std::size_t kSliceLeastBytes = 8 * kMiB;
// How long a source waits for locks and temporary failures before it gives up.
inline constexpr int kSourcePatienceMilliseconds = 30'000;
// A larger value cannot be sent, so SQLite refuses to load it.
inline constexpr std::size_t kSqliteMaxValueBytes = 160 * kMiB;
// How long one transaction may keep an application from committing, in the journal modes where
// readers do that: a second in all, with the half that it may wait for its ring.
inline constexpr std::chrono::milliseconds kSqliteTurn{500};
// B-tree pages that are read to cut one table.
inline constexpr std::size_t kSqliteMaxPagesForCuts = 1024;
// A table of more bytes than this has no digest of all its pages. And how long one catalog computes
// such digests.
inline constexpr std::size_t kSqliteDigestedBytes = kMiB;
inline constexpr std::chrono::milliseconds kSqliteDigestTime{200};
// A leaf page with more overflow pages than this has no digest.
inline constexpr std::size_t kSqliteOverflowBytes = 256 * kKiB;
// Tables of which the setup test reads a row.
inline constexpr int kSqliteTablesInTest = 100;
// Before a table's first row is sent, rows at this many places of it, this many at each, are
// checked for values that do not fit their columns. Fewer if texts are long, or once all tables of
// one cutting assignment have taken this long.
inline constexpr std::size_t kSamplePlaces = 16;
inline constexpr int kSampleRowsAtPlace = 64;
inline constexpr std::size_t kSampleTextBytes = 4 * kMiB;
inline constexpr std::chrono::milliseconds kSampleTime{500};
// When such a value is found later, the whole table is searched for others, for this long in all.
inline constexpr std::chrono::minutes kLookThrough{10};

// --- PostgreSQL --------------------------------------------------------------

// A larger row is left out. An array takes up to three times as many bytes in COPY as its
// JSON does in a message.
inline constexpr std::size_t kPostgresqlMaxRowBytes = 256 * kMiB;
// What COPY BINARY may put before its rows; it puts nothing there today.
inline constexpr std::size_t kPostgresqlMaxCopyHeaderBytes = 64 * kKiB;
// Arrays, composites, domains and ranges within each other.
inline constexpr std::size_t kPostgresqlTypeDepth = 32;
// Levels of a json value within an array or a composite that are rewritten in jsonb's form; a
// deeper value stays as it was stored.
inline constexpr std::size_t kPostgresqlJsonDepth = 1000;

}  // namespace tributary::limits

#endif  // TRIBUTARY_COMMON_LIMITS_H_
