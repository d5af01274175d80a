using System.Text;
using IoTPlatform.Testing;

namespace IoTPlatform.Agent.Tests.Telemetry;

public sealed class SpoolTests : IDisposable
{
    private readonly TempFolder _temp = new();

    private string Folder => _temp.Combine("spool");

    [Fact]
    public void Lines_AreReadInOrder_AndOnce()
    {
        using var spool = Open();
        Append(spool, "a", "b");
        Read(spool).ShouldBe(["a", "b"]);
        Append(spool, "c");
        Read(spool).ShouldBe(["c"]);
    }

    [Fact]
    public void Rewind_ReadsAgainWhatIsNotAcknowledged()
    {
        using var spool = Open();
        Append(spool, "a", "b", "c");
        spool.TryRead(out _, out var end);
        Read(spool);
        spool.Acknowledge(end);
        spool.Rewind();
        Read(spool).ShouldBe(["b", "c"]);
    }

    /// <summary>As after a kill: nothing was disposed of, so the cursor is an old one.</summary>
    [Fact]
    public void Open_AfterAKill_LosesNoLine()
    {
        var killed = Open();
        Append(killed, "a", "b");
        killed.TryRead(out _, out var end);
        killed.Acknowledge(end);
        using var again = Open();
        Read(again).ShouldBe(["a", "b"]);
        Append(again, "c");
        Read(again).ShouldBe(["c"]);
    }

    [Fact]
    public void Open_AfterACleanEnd_GoesOnBehindWhatWasAcknowledged()
    {
        using (var first = Open())
        {
            Append(first, "a", "b");
            first.TryRead(out _, out var end);
            first.Acknowledge(end);
        }

        using var second = Open();
        Read(second).ShouldBe(["b"]);
    }

    [Fact]
    public void Open_TornLine_IsCutOff()
    {
        using (var first = Open())
        {
            Append(first, "whole");
        }

        File.AppendAllText(Directory.GetFiles(Folder, "*.jsonl").Single(), "{\"half");
        using var second = Open();
        Append(second, "next");
        Read(second).ShouldBe(["whole", "next"]);
    }

    [Fact]
    public void Append_BeyondTheBound_DropsTheOldest_AndCounts()
    {
        const int Lines = 2000;
        var line = new string('x', 100);
        long dropped;
        using (var spool = Open(maxBytes: 64 * 1024))
        {
            for (var i = 0; i < Lines; i++)
            {
                Append(spool, $"{i}{line}");
            }

            var left = Read(spool);
            dropped = spool.Dropped;
            (left.Count + dropped).ShouldBe(Lines);
            left[0].ShouldBe($"{dropped}{line}");
            left[^1].ShouldBe($"{Lines - 1}{line}");
        }

        Directory.GetFiles(Folder, "*.jsonl").Sum(file => new FileInfo(file).Length).ShouldBeLessThanOrEqualTo(64 * 1024);
        using var again = Open();
        again.Dropped.ShouldBe(dropped);
    }

    [Fact]
    public void Acknowledge_OfWhatWasDroppedMeanwhile_ChangesNothing()
    {
        using var spool = Open(maxBytes: 16 * 1024);
        Append(spool, "first");
        spool.TryRead(out _, out var end);
        for (var i = 0; i < 500; i++)
        {
            Append(spool, $"{i}{new string('x', 100)}");
        }

        spool.Dropped.ShouldBeGreaterThan(1);
        spool.Acknowledge(end);
        spool.Rewind();
        Read(spool)[0].ShouldStartWith($"{spool.Dropped - 1}x");
    }

    [Fact]
    public async Task Send_FailsOnTheWay_GoesOnWithTheOldestThatIsNotAcknowledged()
    {
        using var spool = Open();
        Append(spool, "a", "refused", "b");
        var refusals = new List<string>();
        var sender = new TelemetrySender(spool, refusals.Add);
        var sent = new List<string>();
        await Should.ThrowAsync<IOException>(() => sender.RunAsync((line, _) => Send(line, "b"), default));
        using var stop = new CancellationTokenSource();
        var sending = sender.RunAsync((line, _) => Send(line, null), stop.Token);
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(() => sending);
        sent.ShouldBe(["a", "refused", "b"]);
        refusals.ShouldBe(["because"]);

        Task<string?> Send(ReadOnlyMemory<byte> line, string? failing)
        {
            var text = Encoding.UTF8.GetString(line.Span);
            if (text == failing)
            {
                return Task.FromException<string?>(new IOException("away"));
            }

            sent.Add(text);
            return Task.FromResult(text == "refused" ? "because" : null);
        }
    }

    public void Dispose() => _temp.Dispose();

    private Spool Open(long maxBytes = 1024 * 1024) => Spool.Open(Folder, maxBytes);

    private static void Append(Spool spool, params string[] lines)
    {
        foreach (var line in lines)
        {
            spool.Append(Encoding.UTF8.GetBytes(line));
        }
    }

    private static List<string> Read(Spool spool)
    {
        var lines = new List<string>();
        while (spool.TryRead(out var line, out _))
        {
            lines.Add(Encoding.UTF8.GetString(line));
        }

        return lines;
    }
}
