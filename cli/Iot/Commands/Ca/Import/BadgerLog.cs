using System.Buffers.Binary;
using System.Globalization;
using System.Numerics;
using System.Runtime.CompilerServices;
using System.Security.Cryptography;
using System.Text.RegularExpressions;

namespace IoTPlatform.Iot;

/// <summary>
/// A Badger v2 database by its value log, which has every write in the order of the commits: files <c>NNNNNN.vlog</c> of a header (eight octets of the encryption key's id, twelve of an
/// IV) and entries (flags, user's flags, three varints for the lengths of key and value and the expiry; key, value, CRC-32C big-endian). A key ends in eight octets of its version. Entries of a
/// transaction carry <see cref="InTransaction"/> and count once its last entry follows. What step-ca keeps has a key of two strings, table and key, each behind its length (16 bits, little-endian).
/// The trees (.sst) are not read: with every file of the log from the first one on, they say nothing more.
/// </summary>
internal sealed partial class BadgerLog : IStepCaTables
{
    private const byte Deleted = 1;
    private const byte ValuePointer = 2;
    private const byte InTransaction = 64;
    private const byte EndOfTransaction = 128;
    private const int FileHeader = 20;
    private const int VersionLength = 8;
    private const int MaxEntryKey = ushort.MaxValue;
    private const int MaxEntryValue = 64 << 20;
    private const int MostPending = 100_000;
    private const int MostRows = 20_000_000;

    /// <summary>Of MANIFEST: 4 is Badger 1, 8 is Badger 3.</summary>
    private const uint FormatVersion = 7;

    private static readonly byte[] TransactionKey = "!badger!txn"u8.ToArray();

    private readonly IReadOnlyList<string> _files;
    private readonly Dictionary<StepCaTable, Dictionary<UInt128, Place>> _rows = StepCaTable.All.ToDictionary(table => table, _ => new Dictionary<UInt128, Place>());
    private readonly Dictionary<int, FileStream> _open = [];

    private BadgerLog(IReadOnlyList<string> files) => _files = files;

    /// <param name="valueFolder">Of the value log.</param>
    /// <param name="folder">Of the rest; mostly the same.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public static async Task<BadgerLog> OpenAsync(string valueFolder, string folder, CancellationToken cancellationToken)
    {
        try
        {
            var log = new BadgerLog(Files(valueFolder, folder));
            await Task.Run(() => log.Index(cancellationToken), cancellationToken);
            return log;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StepCaDatabase.Refused($"the database {folder} can't be read: {e.Message}", e);
        }
    }

    public async IAsyncEnumerable<StepCaRow> ReadAsync(StepCaTable table, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        var rows = _rows[table];
        for (var file = 0; file < _files.Count; file++)
        {
            foreach (var entry in Entries(file))
            {
                cancellationToken.ThrowIfCancellationRequested();
                if (Row(entry.Key) is var (of, key) && of == table && rows.TryGetValue(Digest(key), out var place) && place == new Place(file, entry.Offset, entry.Value.Length))
                {
                    yield return new StepCaRow(key, entry.Value.Length <= StepCaDatabase.MaxValue ? entry.Value : []);
                }
            }
        }
    }

    public Task<IReadOnlyList<byte[]?>> FindAsync(StepCaTable table, IReadOnlyList<byte[]> keys, CancellationToken cancellationToken) =>
        Task.FromResult<IReadOnlyList<byte[]?>>([.. keys.Select(key => _rows[table].TryGetValue(Digest(key), out var place) ? Value(place) : null)]);

    public async ValueTask DisposeAsync()
    {
        foreach (var file in _open.Values)
        {
            await file.DisposeAsync();
        }
    }

    private static List<string> Files(string valueFolder, string folder)
    {
        if (!Directory.Exists(folder) || !Directory.Exists(valueFolder))
        {
            throw StepCaDatabase.Refused($"there is no database {folder}");
        }

        if (File.Exists(Path.Combine(folder, "LOCK")) || File.Exists(Path.Combine(valueFolder, "LOCK")))
        {
            throw StepCaDatabase.Refused($"step-ca has {folder} open: stop it. If it was killed or its machine failed, start it once more and stop it, which completes the database and removes the file LOCK");
        }

        Span<byte> manifest = stackalloc byte[8];
        using (var stream = File.OpenRead(Path.Combine(folder, "MANIFEST")))
        {
            if (stream.ReadAtLeast(manifest, manifest.Length, throwOnEndOfStream: false) < manifest.Length || !manifest.StartsWith("Bdgr"u8))
            {
                throw StepCaDatabase.Refused($"{folder} is no Badger database: its MANIFEST is damaged");
            }
        }

        if (BinaryPrimitives.ReadUInt32BigEndian(manifest[4..]) is var version and not FormatVersion)
        {
            throw StepCaDatabase.Refused($"{folder} is of another Badger than version 2 (its format is {version}, {FormatVersion} is read): migrate it with the step-ca that it is of");
        }

        var numbers = Directory.EnumerateFiles(valueFolder, "*.vlog").Select(Path.GetFileName).Where(name => LogName().IsMatch(name!)).Select(name => int.Parse(name!.AsSpan(0, 6), NumberStyles.None, CultureInfo.InvariantCulture)).Order().ToList();
        if (numbers.Count == 0 || numbers[0] != 0 || numbers[^1] != numbers.Count - 1)
        {
            throw StepCaDatabase.Refused(
                $"the value log in {valueFolder} is not whole: it has {numbers.Count} files, and not all from 000000.vlog on. Garbage collection removed some, or they were lost. Part of a record is not taken over; restore the missing files from a backup, or let this step-ca run until what it has issued has ended");
        }

        return [.. numbers.Select(number => Path.Combine(valueFolder, string.Create(CultureInfo.InvariantCulture, $"{number:D6}.vlog")))];
    }

    /// <summary>Where the last committed value of each row is.</summary>
    private void Index(CancellationToken cancellationToken)
    {
        var pending = new List<(StepCaTable Table, UInt128 Key, Place Place, bool IsDeleted)>();
        for (var file = 0; file < _files.Count; file++)
        {
            ulong? transaction = null;
            foreach (var entry in Entries(file))
            {
                cancellationToken.ThrowIfCancellationRequested();
                var version = BinaryPrimitives.ReadUInt64BigEndian(entry.Key.AsSpan(entry.Key.Length - VersionLength));
                var isLast = (entry.Flags & EndOfTransaction) != 0;
                if ((entry.Flags & (InTransaction | EndOfTransaction)) == 0 ? transaction is not null : transaction is { } begun && begun != version)
                {
                    throw Damaged(file, entry.Offset);
                }

                transaction = (entry.Flags & InTransaction) != 0 ? version : null;
                if (isLast)
                {
                    if (!entry.Key.AsSpan(0, entry.Key.Length - VersionLength).SequenceEqual(TransactionKey))
                    {
                        throw Damaged(file, entry.Offset);
                    }

                    pending.ForEach(Put);
                    pending.Clear();
                }
                else if (Row(entry.Key) is var (table, key))
                {
                    if ((entry.Flags & ValuePointer) != 0 || pending.Count == MostPending)
                    {
                        throw Damaged(file, entry.Offset);
                    }

                    var row = (table, Digest(key), new Place(file, entry.Offset, entry.Value.Length), (entry.Flags & Deleted) != 0);
                    if (transaction is null)
                    {
                        Put(row);
                    }
                    else
                    {
                        pending.Add(row);
                    }
                }
            }

            if (transaction is not null)
            {
                throw Damaged(file, new FileInfo(_files[file]).Length);
            }
        }

        void Put((StepCaTable Table, UInt128 Key, Place Place, bool IsDeleted) row)
        {
            if (row.IsDeleted)
            {
                _rows[row.Table].Remove(row.Key);
            }
            else
            {
                _rows[row.Table][row.Key] = row.Place;
                if (_rows[row.Table].Count > MostRows)
                {
                    throw StepCaDatabase.Refused($"the database has more than {MostRows} rows of {row.Table.Name}");
                }
            }
        }
    }

    private IEnumerable<Entry> Entries(int file)
    {
        using var stream = new FileStream(_files[file], FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 1 << 16, FileOptions.SequentialScan);
        var length = stream.Length;
        var header = new byte[FileHeader];
        if (stream.ReadAtLeast(header, FileHeader, throwOnEndOfStream: false) < FileHeader)
        {
            throw Damaged(file, 0);
        }

        if (header.AsSpan(0, 8).ContainsAnyExcept((byte)0))
        {
            throw StepCaDatabase.Refused($"{_files[file]} is encrypted, and is not read");
        }

        var at = stream.Position;
        while (at < length)
        {
            yield return Read(stream, length) ?? throw Damaged(file, at);
            at = stream.Position;
        }
    }

    /// <summary>Null: there is no whole entry.</summary>
    private static Entry? Read(FileStream stream, long length)
    {
        var crc = uint.MaxValue;
        if (Octet() is not { } flags || Octet() is null || Varint() is not { } keyLength || Varint() is not { } valueLength || Varint() is null
            || keyLength is < VersionLength or > MaxEntryKey || valueLength > MaxEntryValue || stream.Position + (long)(keyLength + valueLength) + sizeof(uint) > length)
        {
            return null;
        }

        var (key, value) = (Octets((int)keyLength), Octets((int)valueLength));
        var computed = ~crc;
        return BinaryPrimitives.ReadUInt32BigEndian(Octets(sizeof(uint))) == computed ? new Entry(flags, key, value, stream.Position - sizeof(uint) - value.Length) : null;

        byte? Octet()
        {
            if (stream.ReadByte() is var octet && octet < 0)
            {
                return null;
            }

            crc = BitOperations.Crc32C(crc, (byte)octet);
            return (byte)octet;
        }

        ulong? Varint()
        {
            ulong number = 0;
            for (var shift = 0; shift < 64; shift += 7)
            {
                if (Octet() is not { } octet)
                {
                    return null;
                }

                number |= (ulong)(octet & 0x7F) << shift;
                if (octet < 0x80)
                {
                    return number;
                }
            }

            return null;
        }

        byte[] Octets(int count)
        {
            var octets = new byte[count];
            stream.ReadExactly(octets);
            crc = Sum(crc, octets);
            return octets;
        }
    }

    private byte[] Value(Place place)
    {
        if (place.Length > StepCaDatabase.MaxValue)
        {
            return [];
        }

        if (!_open.TryGetValue(place.File, out var stream))
        {
            _open[place.File] = stream = new FileStream(_files[place.File], FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0);
        }

        var value = new byte[place.Length];
        return RandomAccess.Read(stream.SafeFileHandle, value, place.Offset) == value.Length ? value : throw Damaged(place.File, place.Offset);
    }

    private CliException Damaged(int file, long offset) => StepCaDatabase.Refused(
        string.Create(CultureInfo.InvariantCulture, $"{_files[file]} is damaged, or was not completed, at octet {offset}: start step-ca once more with it and stop it, which ends the log at the last commit; if that doesn't help, restore it from a backup. Nothing of it was taken over"));

    private static uint Sum(uint crc, ReadOnlySpan<byte> octets)
    {
        for (; octets.Length >= sizeof(ulong); octets = octets[sizeof(ulong)..])
        {
            crc = BitOperations.Crc32C(crc, BinaryPrimitives.ReadUInt64LittleEndian(octets));
        }

        foreach (var octet in octets)
        {
            crc = BitOperations.Crc32C(crc, octet);
        }

        return crc;
    }

    /// <summary>Null: of another table, or none of step-ca's.</summary>
    private static (StepCaTable Table, byte[] Key)? Row(byte[] key)
    {
        var rest = key.AsSpan(0, key.Length - VersionLength);
        return String(ref rest, out var name) && StepCaTable.All.FirstOrDefault(table => table.Bytes.AsSpan().SequenceEqual(name)) is { } table && String(ref rest, out var row) && rest.IsEmpty
            ? (table, row)
            : null;
    }

    private static bool String(ref Span<byte> rest, out byte[] text)
    {
        text = [];
        if (rest.Length < 2 || BinaryPrimitives.ReadUInt16LittleEndian(rest) is var length && rest.Length < 2 + length)
        {
            return false;
        }

        text = rest.Slice(2, length).ToArray();
        rest = rest[(2 + length)..];
        return true;
    }

    private static UInt128 Digest(byte[] key) => BinaryPrimitives.ReadUInt128LittleEndian(SHA256.HashData(key));

    [GeneratedRegex(@"^[0-9]{6}\.vlog\z", RegexOptions.CultureInvariant, Timeout.Infinite)]
    private static partial Regex LogName();

    /// <param name="Offset">Of the value.</param>
    private readonly record struct Entry(byte Flags, byte[] Key, byte[] Value, long Offset);

    /// <summary>Of a value.</summary>
    private readonly record struct Place(int File, long Offset, int Length);
}
