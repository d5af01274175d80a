using System.Globalization;
using IoTPlatform.Pki.Files;

namespace IoTPlatform.Agent;

/// <summary>A place behind a line.</summary>
internal readonly record struct SpoolPosition(long Segment, long Offset);

/// <summary>
/// Lines on disk until they are acknowledged, in files of which the oldest goes when there are too many bytes; what is lost so is counted. A line is
/// the system's when it is appended, so it outlives the process. After a kill some lines are read again.
/// </summary>
internal sealed class Spool : IDisposable
{
    private const string Extension = ".jsonl";
    private const string CursorName = "cursor";
    private const int Segments = 16;
    private const int SmallestSegment = 4096;

    private readonly Lock _gate = new();
    private readonly string _folder;
    private readonly long _maxBytes;
    private readonly SortedList<long, long> _segments = [];
    private readonly SemaphoreSlim _any = new(0, 1);
    private FileStream _tail;
    private FileStream? _reader;
    private SpoolPosition _next;
    private SpoolPosition _acknowledged;
    private long _acknowledgements;

    private Spool(string folder, long maxBytes)
    {
        (_folder, _maxBytes) = (folder, maxBytes);
        foreach (var file in Directory.EnumerateFiles(folder, "*" + Extension))
        {
            if (long.TryParse(Path.GetFileNameWithoutExtension(file), NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                _segments[number] = new FileInfo(file).Length;
            }
        }

        ReadCursor();
        if (_segments.Count > 0)
        {
            CutTornLine(_segments.Keys[^1]);
        }

        _tail = Extend();
        Rewind();
    }

    /// <summary>Lines that were never sent, since the spool was made.</summary>
    public long Dropped { get; private set; }

    public static Spool Open(string folder, long maxBytes)
    {
        try
        {
            Directory.CreateDirectory(folder, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
            return new Spool(folder, maxBytes);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new AgentException($"cannot use the spool {folder}: {e.Message}", e);
        }
    }

    /// <param name="line">Without a line break.</param>
    public void Append(ReadOnlySpan<byte> line)
    {
        lock (_gate)
        {
            if (_tail.Length > 0 && _tail.Length + line.Length + 1 > Math.Max(SmallestSegment, _maxBytes / Segments))
            {
                _tail.Dispose();
                _segments[_segments.Keys[^1] + 1] = 0;
                _tail = Extend();
            }

            _tail.Write([.. line, (byte)'\n']);
            _tail.Flush();
            _segments[_segments.Keys[^1]] = _tail.Length;
            while (_segments.Count > 1 && _segments.Values.Sum() > _maxBytes)
            {
                DropOldest();
            }

            Signal();
        }
    }

    /// <summary>The next line that was not read yet.</summary>
    public bool TryRead(out byte[] line, out SpoolPosition end)
    {
        lock (_gate)
        {
            while (true)
            {
                if (_next.Offset < _segments[_next.Segment])
                {
                    line = ReadLine();
                    end = _next;
                    return true;
                }

                if (_next.Segment == _segments.Keys[^1])
                {
                    (line, end) = ([], _next);
                    return false;
                }

                Move(new SpoolPosition(_segments.Keys[_segments.IndexOfKey(_next.Segment) + 1], 0));
            }
        }
    }

    /// <summary>Until there may be a line to read.</summary>
    public Task WaitAsync(CancellationToken cancellationToken) => _any.WaitAsync(cancellationToken);

    /// <summary>Everything up to here is not needed any more.</summary>
    public void Acknowledge(SpoolPosition position)
    {
        lock (_gate)
        {
            if (position.Segment < _acknowledged.Segment || (position.Segment == _acknowledged.Segment && position.Offset <= _acknowledged.Offset))
            {
                return;
            }

            _acknowledged = position;
            while (_segments.Keys[0] < position.Segment)
            {
                Remove(_segments.Keys[0]);
            }

            // Not after every line: what is read again after a kill is stored once.
            if (++_acknowledgements % 64 == 0)
            {
                SaveCursor();
            }
        }
    }

    /// <summary>Reads again what is not acknowledged.</summary>
    public void Rewind()
    {
        lock (_gate)
        {
            Move(_acknowledged);
            Signal();
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            SaveCursor();
            _tail.Dispose();
            _reader?.Dispose();
            _any.Dispose();
        }
    }

    private byte[] ReadLine()
    {
        _reader ??= new FileStream(PathOf(_next.Segment), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        _reader.Position = _next.Offset;
        var line = new List<byte>(256);
        for (var next = _reader.ReadByte(); next >= 0 && next != '\n'; next = _reader.ReadByte())
        {
            line.Add((byte)next);
        }

        _next = _next with { Offset = _reader.Position };
        return [.. line];
    }

    private void Move(SpoolPosition to)
    {
        if (to.Segment != _next.Segment)
        {
            _reader?.Dispose();
            _reader = null;
        }

        _next = to;
    }

    private void DropOldest()
    {
        var oldest = _segments.Keys[0];
        var begin = _acknowledged.Segment == oldest ? _acknowledged.Offset : 0;
        using (var file = new FileStream(PathOf(oldest), FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete))
        {
            file.Position = begin;
            for (var next = file.ReadByte(); next >= 0; next = file.ReadByte())
            {
                Dropped += next == '\n' ? 1 : 0;
            }
        }

        Remove(oldest);
        var first = new SpoolPosition(_segments.Keys[0], 0);
        if (_next.Segment == oldest)
        {
            Move(first);
        }

        if (_acknowledged.Segment == oldest)
        {
            _acknowledged = first;
        }

        SaveCursor();
    }

    private void Remove(long number)
    {
        _segments.Remove(number);
        File.Delete(PathOf(number));
    }

    private void ReadCursor()
    {
        var path = Path.Combine(_folder, CursorName);
        if (File.Exists(path) && File.ReadAllText(path).Split(' ') is [var segment, var offset, var dropped]
            && long.TryParse(segment, CultureInfo.InvariantCulture, out var number) && long.TryParse(offset, CultureInfo.InvariantCulture, out var at) && long.TryParse(dropped, CultureInfo.InvariantCulture, out var lost))
        {
            (_acknowledged, Dropped) = (new SpoolPosition(number, at), lost);
        }

        foreach (var done in _segments.Keys.Where(key => key < _acknowledged.Segment).ToList())
        {
            Remove(done);
        }

        if (_segments.Count == 0)
        {
            _segments[_acknowledged.Segment] = 0;
        }

        if (!_segments.TryGetValue(_acknowledged.Segment, out var length) || length < _acknowledged.Offset)
        {
            _acknowledged = new SpoolPosition(_segments.Keys[0], 0);
        }
    }

    private void SaveCursor() => AtomicFile.WriteText(
        Path.Combine(_folder, CursorName), string.Create(CultureInfo.InvariantCulture, $"{_acknowledged.Segment} {_acknowledged.Offset} {Dropped}"), AtomicFile.Public);

    /// <summary>The machine lost its power while it was written.</summary>
    private void CutTornLine(long number)
    {
        using var file = new FileStream(PathOf(number), FileMode.OpenOrCreate, FileAccess.ReadWrite);
        var length = file.Length;
        while (length > 0)
        {
            file.Position = length - 1;
            if (file.ReadByte() == '\n')
            {
                break;
            }

            length--;
        }

        file.SetLength(length);
        _segments[number] = length;
        if (_acknowledged.Segment == number && _acknowledged.Offset > length)
        {
            _acknowledged = new SpoolPosition(number, length);
        }
    }

    private FileStream Extend() => new(PathOf(_segments.Keys[^1]), FileMode.Append, FileAccess.Write, FileShare.ReadWrite | FileShare.Delete);

    private void Signal()
    {
        if (_any.CurrentCount == 0)
        {
            _any.Release();
        }
    }

    private string PathOf(long number) => Path.Combine(_folder, number.ToString("D12", CultureInfo.InvariantCulture) + Extension);
}
