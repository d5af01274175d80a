using System.Text.Json;
using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.Soak;

/// <summary>Every round of <c>iot bench soak</c>, once: kills, floods and outages of real processes, and nothing in the failing column.</summary>
public sealed class SoakTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    [SkippableTheory]
    [InlineData("oversized bodies")]
    [InlineData("guessed JOIN keys")]
    [InlineData("outage log")]
    [InlineData("frozen database")]
    [InlineData("idle connections")]
    [InlineData("bridge renewals")]
    [InlineData("raced removal")]
    [InlineData("killed initdb")]
    [InlineData("first boots")]
    [InlineData("mixed operations")]
    public async Task Round_PlayedOnce_NothingFails(string round)
    {
        Requires.Tool("initdb");
        var result = await Tools.RunAsync(
            Environment.GetEnvironmentVariable("DOTNET_HOST_PATH") ?? "dotnet", [StackPrograms.Benchmarks, "soak", "--only", round, "--json"], timeout: Patience);

        var count = JsonDocument.Parse(result.Output).RootElement.GetProperty("counts").EnumerateArray().Single();
        count.GetProperty("tried").GetInt32().ShouldBePositive();
        count.GetProperty("failed").GetInt32().ShouldBe(0, count.GetProperty("first_failure").GetString());
        result.ExitCode.ShouldBe(0, result.Error);
    }
}
