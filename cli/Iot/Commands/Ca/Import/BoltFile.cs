using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.CompilerServices;

namespace IoTPlatform.Iot;

/// <summary>
/// A bbolt database: one file of pages, all numbers little-endian. Two pages say where the tree of buckets is, of which the newer valid one counts; a bucket is a tree of its own, or, if it is
/// small, a page inside its value. Nothing in it has a checksum but those two pages: what a tree says of itself has to fit.
/// </summary>
internal sealed class BoltFile : IStepCaTables
{
    private const uint Magic = 0xED0CDAED;
    private const uint FormatVersion = 2;
    private const int PageHeader = 16;
    private const int MetaLength = 64;
    private const int ElementLength = 16;
    private const int BucketHeader = 16;
    private const ushort BranchPage = 1;
    private const ushort LeafPage = 2;
    private const uint BucketFlag = 1;
    private const int MaxPage = 64 << 20;
    private const int MaxDepth = 32;

    private readonly FileStream _file;
    private readonly long _length;
    private int _pageSize;
    private ulong _root;

    private BoltFile(FileStream file)
    {
        _file = file;
        _length = file.Length;
    }

    public static BoltFile Open(string path)
    {
        if (!File.Exists(path))
        {
            throw StepCaDatabase.Refused($"there is no database {path}");
        }

        try
        {
            // Shared: fails while step-ca has its exclusive lock (flock).
            var bolt = new BoltFile(new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0));
            try
            {
                bolt.ReadMeta();
                return bolt;
            }
            catch
            {
                bolt._file.Dispose();
                throw;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw StepCaDatabase.Refused($"{path} can't be opened; if step-ca is running, stop it: {e.Message}", e);
        }
    }

    public async IAsyncEnumerable<StepCaRow> ReadAsync(StepCaTable table, [EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        if (Bucket(table) is not { } root)
        {
            yield break;
        }

        // More octets than the file has: its pages go round in a circle.
        var (left, stack) = (_length / _pageSize, new Stack<(Page Page, int Next)>());
        stack.Push((root, 0));
        while (stack.TryPop(out var at))
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (at.Next == at.Page.Count)
            {
                continue;
            }

            stack.Push(at with { Next = at.Next + 1 });
            if (at.Page.IsLeaf)
            {
                yield return Row(at.Page, at.Next);
            }
            else if (stack.Count > MaxDepth || left <= 0)
            {
                throw Damaged(at.Page.Offset);
            }
            else
            {
                var page = ReadPage(at.Page.Child(at.Next));
                left -= page.Length / _pageSize;
                stack.Push((page, 0));
            }
        }
    }

    public Task<IReadOnlyList<byte[]?>> FindAsync(StepCaTable table, IReadOnlyList<byte[]> keys, CancellationToken cancellationToken)
    {
        var root = Bucket(table);
        return Task.FromResult<IReadOnlyList<byte[]?>>([.. keys.Select(key => root is { } page && Find(page, key) is var (leaf, index) ? Row(leaf, index).Value : null)]);
    }

    public ValueTask DisposeAsync() => _file.DisposeAsync();

    private void ReadMeta()
    {
        var (first, second) = (Meta(0, pageSize: null), (MetaPage?)null);
        if (first is { } known)
        {
            second = Meta(known.PageSize, known.PageSize);
        }
        else
        {
            for (var size = 512; size <= 1 << 17 && second is null; size <<= 1)
            {
                second = Meta(size, size);
            }
        }

        var meta = first is null || second?.Transaction > first.Value.Transaction ? second : first;
        (_pageSize, _root) = meta is { } found ? (found.PageSize, found.Root) : throw StepCaDatabase.Refused($"{_file.Name} is no bbolt database, or is damaged: neither of its first two pages is whole");
    }

    /// <summary>Null: it is not whole.</summary>
    private MetaPage? Meta(long offset, int? pageSize)
    {
        var page = new byte[PageHeader + MetaLength];
        if (RandomAccess.Read(_file.SafeFileHandle, page, offset) < page.Length)
        {
            return null;
        }

        var meta = page.AsSpan(PageHeader);
        var size = BinaryPrimitives.ReadUInt32LittleEndian(meta[8..]);
        return BinaryPrimitives.ReadUInt32LittleEndian(meta) == Magic && BinaryPrimitives.ReadUInt32LittleEndian(meta[4..]) == FormatVersion
            && size is >= 512 and <= 1 << 17 && (size & (size - 1)) == 0 && (pageSize is null || size == pageSize)
            && BinaryPrimitives.ReadUInt64LittleEndian(meta[56..]) == Fnv(meta[..56])
            ? new MetaPage((int)size, BinaryPrimitives.ReadUInt64LittleEndian(meta[16..]), BinaryPrimitives.ReadUInt64LittleEndian(meta[48..]))
            : null;
    }

    /// <summary>The first page of a table's tree; null: there is no such table.</summary>
    private Page? Bucket(StepCaTable table)
    {
        if (Find(ReadPage(_root), table.Bytes) is not var (page, index))
        {
            return null;
        }

        var element = page.Element(index);
        if ((BinaryPrimitives.ReadUInt32LittleEndian(element) & BucketFlag) == 0 || page.Value(index) is var value && value.Length < BucketHeader)
        {
            throw Damaged(page.Offset);
        }

        var root = BinaryPrimitives.ReadUInt64LittleEndian(value.Span);
        return root == 0 ? Page.Parse(value[BucketHeader..], page.Offset) ?? throw Damaged(page.Offset) : ReadPage(root);
    }

    private (Page Leaf, int Index)? Find(Page page, byte[] key)
    {
        for (var depth = 0; depth < MaxDepth; depth++)
        {
            // The last element that is not after the key.
            var (low, high) = (0, page.Count);
            while (low < high)
            {
                var middle = (low + high) / 2;
                (low, high) = page.Key(middle).Span.SequenceCompareTo(key) <= 0 ? (middle + 1, high) : (low, middle);
            }

            if (page.IsLeaf)
            {
                return low > 0 && page.Key(low - 1).Span.SequenceEqual(key) ? (page, low - 1) : null;
            }

            if (page.Count == 0)
            {
                throw Damaged(page.Offset);
            }

            page = ReadPage(page.Child(Math.Max(low - 1, 0)));
        }

        throw Damaged(page.Offset);
    }

    private StepCaRow Row(Page page, int index)
    {
        var (key, value) = (page.Key(index), page.Value(index));
        return key.Length > 0 && BinaryPrimitives.ReadUInt32LittleEndian(page.Element(index)) == 0
            ? new StepCaRow(key.ToArray(), value.Length <= StepCaDatabase.MaxValue ? value.ToArray() : [])
            : throw Damaged(page.Offset);
    }

    private Page ReadPage(ulong number)
    {
        if (number < 2 || number >= (ulong)(_length / _pageSize))
        {
            throw Damaged(_length);
        }

        var offset = (long)number * _pageSize;
        var header = new byte[PageHeader];
        Fill(header, offset);
        var length = (BinaryPrimitives.ReadUInt32LittleEndian(header.AsSpan(12)) + 1L) * _pageSize;
        if (BinaryPrimitives.ReadUInt64LittleEndian(header) != number || length > Math.Min(_length - offset, MaxPage))
        {
            throw Damaged(offset);
        }

        var page = new byte[length];
        Fill(page, offset);
        return Page.Parse(page, offset) ?? throw Damaged(offset);
    }

    private void Fill(byte[] buffer, long offset)
    {
        try
        {
            if (RandomAccess.Read(_file.SafeFileHandle, buffer, offset) < buffer.Length)
            {
                throw Damaged(offset);
            }
        }
        catch (IOException e)
        {
            throw StepCaDatabase.Refused($"{_file.Name} can't be read: {e.Message}", e);
        }
    }

    private CliException Damaged(long offset) => StepCaDatabase.Refused(string.Create(
        CultureInfo.InvariantCulture, $"{_file.Name} is damaged at octet {offset}: restore it from a backup"));

    /// <summary>FNV-1a, 64 bits.</summary>
    private static ulong Fnv(ReadOnlySpan<byte> octets)
    {
        var hash = 14695981039346656037UL;
        foreach (var octet in octets)
        {
            hash = (hash ^ octet) * 1099511628211UL;
        }

        return hash;
    }

    private readonly record struct MetaPage(int PageSize, ulong Root, ulong Transaction);

    /// <summary>Checked when it is parsed: every element is inside, keys ascend.</summary>
    private readonly struct Page
    {
        private readonly ReadOnlyMemory<byte> _octets;

        private Page(ReadOnlyMemory<byte> octets, bool isLeaf, int count, long offset) => (_octets, IsLeaf, Count, Offset) = (octets, isLeaf, count, offset);

        public bool IsLeaf { get; }

        public int Count { get; }

        /// <summary>In octets, with the pages that it runs over into.</summary>
        public int Length => _octets.Length;

        /// <summary>In the file.</summary>
        public long Offset { get; }

        /// <summary>Null: it is no page of a tree.</summary>
        public static Page? Parse(ReadOnlyMemory<byte> octets, long offset)
        {
            if (octets.Length < PageHeader)
            {
                return null;
            }

            var flags = BinaryPrimitives.ReadUInt16LittleEndian(octets.Span[8..]);
            int count = BinaryPrimitives.ReadUInt16LittleEndian(octets.Span[10..]);
            if (flags is not (BranchPage or LeafPage) || PageHeader + (count * ElementLength) > octets.Length)
            {
                return null;
            }

            var page = new Page(octets, flags == LeafPage, count, offset);
            for (var i = 0; i < count; i++)
            {
                if (!page.IsInside(i) || (i > 0 && page.Key(i - 1).Span.SequenceCompareTo(page.Key(i).Span) >= 0))
                {
                    return null;
                }
            }

            return page;
        }

        public ReadOnlySpan<byte> Element(int index) => _octets.Span.Slice(PageHeader + (index * ElementLength), ElementLength);

        public ReadOnlyMemory<byte> Key(int index) => _octets.Slice((int)At(index), (int)KeyLength(index));

        public ReadOnlyMemory<byte> Value(int index) => _octets.Slice((int)(At(index) + KeyLength(index)), (int)ValueLength(index));

        /// <summary>Of a branch.</summary>
        public ulong Child(int index) => BinaryPrimitives.ReadUInt64LittleEndian(Element(index)[8..]);

        private bool IsInside(int index) => At(index) + KeyLength(index) + ValueLength(index) <= _octets.Length;

        /// <summary>Positions count from their element.</summary>
        private long At(int index) => PageHeader + ((long)index * ElementLength) + BinaryPrimitives.ReadUInt32LittleEndian(Element(index)[(IsLeaf ? 4 : 0)..]);

        private long KeyLength(int index) => BinaryPrimitives.ReadUInt32LittleEndian(Element(index)[(IsLeaf ? 8 : 4)..]);

        private long ValueLength(int index) => IsLeaf ? BinaryPrimitives.ReadUInt32LittleEndian(Element(index)[12..]) : 0;
    }
}
