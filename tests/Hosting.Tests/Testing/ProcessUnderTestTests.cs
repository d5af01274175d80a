using IoTPlatform.Testing;

namespace IoTPlatform.Hosting.Tests.Testing;

public sealed class ProcessUnderTestTests
{
    [Fact]
    public async Task WaitForLineAsync_PastAndFutureLines_BothFound()
    {
        await using var process = ProcessUnderTest.Start("sh", ["-c", "echo one; echo two; echo three >&2; exec sleep 60"]);

        (await process.WaitForLineAsync("two")).ShouldBe("two");
        (await process.WaitForLineAsync("one")).ShouldBe("one");
        (await process.WaitForLineAsync("three")).ShouldBe("three");
    }

    [Fact]
    public async Task WaitForLineAsync_ProcessEnds_ThrowsWithItsOutput()
    {
        await using var process = ProcessUnderTest.Start("sh", ["-c", "echo the reason; exit 3"]);

        (await Should.ThrowAsync<InvalidOperationException>(() => process.WaitForLineAsync("ready"))).Message.ShouldContain("the reason");
        (await process.WaitForExitAsync()).ShouldBe(3);
        (await process.WaitForExitAsync()).ShouldBe(3);
    }

    [Fact]
    public async Task KillAsync_Process_137()
    {
        await using var process = ProcessUnderTest.Start("sleep", ["60"]);

        await process.KillAsync();

        (await process.WaitForExitAsync()).ShouldBe(128 + 9);
        process.HasExited.ShouldBeTrue();
    }

    [Fact]
    public async Task RunAsync_Tool_OutputErrorCodeInputAndEnvironment()
    {
        var result = await Tools.RunAsync("sh", ["-c", "cat; echo $COLOUR >&2; exit 7"], "input", new Dictionary<string, string?>(StringComparer.Ordinal) { ["COLOUR"] = "red" });

        result.ShouldBe(new ToolResult(7, "input", "red\n"));
        Should.Throw<InvalidOperationException>(result.EnsureSuccess).Message.ShouldContain("red");
    }
}
