using IoTPlatform.Testing;

namespace IoTPlatform.Iot.Tests.Demo;

public sealed class LogFollowerTests : IDisposable
{
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public async Task Follow_LinesWrittenInPieces_ComeWhole()
    {
        var writer = new TaskCompletionSource();
        var seen = new List<string>();
        await File.WriteAllTextAsync(_temp.Combine("log"), "one\ntw");
        await foreach (var line in LogFollower.FollowAsync(_temp.Combine("log"), writer.Task, TimeProvider.System, CancellationToken.None))
        {
            seen.Add(line);
            if (seen.Count == 1)
            {
                await File.AppendAllTextAsync(_temp.Combine("log"), "o\r\nthrée\nnot a line");
            }

            if (seen.Count == 3)
            {
                writer.SetResult();
            }
        }

        seen.ShouldBe(["one", "two", "thrée"]);
    }

    [Fact]
    public async Task Follow_WriterEndedBefore_ReadsEverythingFirst()
    {
        await File.WriteAllLinesAsync(_temp.Combine("log"), Enumerable.Range(0, 5000).Select(i => $"line {i}"));

        var count = 0;
        await foreach (var _ in LogFollower.FollowAsync(_temp.Combine("log"), Task.CompletedTask, TimeProvider.System, CancellationToken.None))
        {
            count++;
        }

        count.ShouldBe(5000);
    }
}
