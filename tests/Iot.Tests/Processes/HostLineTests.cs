namespace IoTPlatform.Iot.Tests.Processes;

public sealed class HostLineTests
{
    [Fact]
    public void Ready_LineOfAHost_IsUnderstood() =>
        HostReady.TryParse("ready https://127.0.0.1:9443 fingerprint=abc").ShouldBe(new HostReady(new Uri("https://127.0.0.1:9443"), "abc"));

    [Fact]
    public void Ready_SeveralAddresses_FirstCounts() =>
        HostReady.TryParse("ready https://127.0.0.1:1,https://[::1]:1 fingerprint=abc")!.Url.ShouldBe(new Uri("https://127.0.0.1:1"));

    [Theory]
    [InlineData("")]
    [InlineData("ready")]
    [InlineData("ready soon")]
    [InlineData("already https://x fingerprint=abc")]
    [InlineData("ready notaurl fingerprint=abc")]
    public void Ready_OtherLines_AreNot(string line) => HostReady.TryParse(line).ShouldBeNull();

    [Theory]
    [InlineData("first-boot: join … (no bundle yet)", "join", FirstBootState.Started, "no bundle yet")]
    [InlineData("first-boot: join …", "join", FirstBootState.Started, null)]
    [InlineData("first-boot: join waiting: 503; next attempt in 2 s", "join", FirstBootState.Waiting, "503; next attempt in 2 s")]
    [InlineData("first-boot: join done", "join", FirstBootState.Done, null)]
    internal void FirstBoot_Line_IsUnderstood(string line, string step, FirstBootState state, string? reason) =>
        FirstBootLine.TryParse(line).ShouldBe(new FirstBootLine(step, state, reason));

    [Fact]
    public void FirstBoot_OtherLines_AreNot() => FirstBootLine.TryParse("info: first-boot: x").ShouldBeNull();
}
