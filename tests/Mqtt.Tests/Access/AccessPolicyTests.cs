namespace IoTPlatform.Mqtt.Tests.Access;

public sealed class AccessPolicyTests
{
    private static readonly AccessPolicy Policy = new(
        ["devices/a/telemetry/#", "devices/a/commands/+/response"],
        ["devices/a/commands/#"],
        [new TopicAlias("v1/me/telemetry", "devices/a/telemetry"), new TopicAlias("v1/me/rpc/request/+", "devices/a/commands/+"), new TopicAlias("v1/other", "devices/b/telemetry"), new TopicAlias("t/#", "devices/a/telemetry/#")]);

    [Theory]
    [InlineData("devices/a/telemetry", "devices/a/telemetry")]
    [InlineData("devices/a/telemetry/x/y", "devices/a/telemetry/x/y")]
    [InlineData("devices/a/commands/7/response", "devices/a/commands/7/response")]
    [InlineData("v1/me/telemetry", "devices/a/telemetry")]
    [InlineData("devices/b/telemetry", null)]
    [InlineData("devices/a/telemetry2", null)]
    [InlineData("devices/a/telemetry/#", null)]
    [InlineData("devices/+/telemetry", null)]
    [InlineData("devices/a/commands/7", null)]
    [InlineData("/devices/a/telemetry", null)]
    [InlineData("devices//telemetry", null)]
    [InlineData("v1/me/telemetry/x", null)]
    [InlineData("t", "devices/a/telemetry")]
    [InlineData("t/x/y", "devices/a/telemetry/x/y")]
    [InlineData("v1/other", null)]
    [InlineData("$SYS/x", null)]
    [InlineData("", null)]
    [InlineData("devices/a/telemetry/\0", null)]
    [InlineData("devices/a/telemetry/\u0085", null)]
    [InlineData("devices/a/telemetry/\uFFFD", null)]
    public void Publishable_Name_IsWhatIsMeant(string name, string? expected) => Policy.Publishable(name).ShouldBe(expected);

    [Theory]
    [InlineData("devices/a/commands/#", "devices/a/commands/#")]
    [InlineData("devices/a/commands/+", "devices/a/commands/+")]
    [InlineData("devices/a/commands", "devices/a/commands")]
    [InlineData("v1/me/rpc/request/+", "devices/a/commands/+")]
    [InlineData("v1/me/rpc/request/7", "devices/a/commands/7")]
    [InlineData("#", null)]
    [InlineData("+/#", null)]
    [InlineData("+/a/commands/#", null)]
    [InlineData("devices/+/commands/#", null)]
    [InlineData("devices/a/#", null)]
    [InlineData("devices/b/commands/#", null)]
    [InlineData("devices/a/commands/#/x", null)]
    [InlineData("devices/a/commands/x#", null)]
    [InlineData("devices/a/commands/x+", null)]
    [InlineData("$share/g/devices/a/commands/#", null)]
    [InlineData("v1/me/rpc/request/#", null)]
    [InlineData("v1/+/rpc/request/+", null)]
    [InlineData("$SYS/#", null)]
    public void Subscribable_Filter_IsWhatIsMeant(string filter, string? expected) => Policy.Subscribable(filter).ShouldBe(expected);

    [Theory]
    [InlineData("devices/a/commands/#", "devices/a/commands/7")]
    [InlineData("v1/me/rpc/request/+", "v1/me/rpc/request/7")]
    [InlineData("devices/a/commands/8", null)]
    public void NameFor_Subscriber_IsTheNameItKnows(string filter, string? expected) => Policy.NameFor(filter, "devices/a/commands/7").ShouldBe(expected);

    [Theory]
    [InlineData("#", "a/b", true)]
    [InlineData("#", "$SYS/b", false)]
    [InlineData("+/b", "$SYS/b", false)]
    [InlineData("$SYS/#", "$SYS/b", true)]
    [InlineData("a/+", "a/#", false)]
    [InlineData("a/#", "a/+/b", true)]
    [InlineData("a/#", "a", true)]
    [InlineData("a/+", "a", false)]
    [InlineData("a", "+", false)]
    [InlineData("a/b", "a/b/c", false)]
    public void Covers_Pattern_HoldsAllThatMatchesTheFilter(string pattern, string filter, bool covers) => TopicSyntax.Covers(pattern, filter).ShouldBe(covers);
}
