using FsCheck;
using FsCheck.Fluent;
using IoTPlatform.Provider.Features.Broker;
using IoTPlatform.Provider.Features.Broker.RabbitMq;

namespace IoTPlatform.Provider.Tests.Broker;

public sealed class BridgeAccessTests
{
    private static readonly Gen<string> TenantIds =
        from length in Gen.Choose(2, 12)
        from characters in Gen.Elements("ab-0".ToCharArray()).ArrayOf(length)
        let id = new string(characters)
        where id[0] != '-' && id[^1] != '-'
        select id;

    [Fact]
    public void For_TwoTenants_NeitherCanTakeTheOthersClientIds() => Prop.ForAll(
        TenantIds.Two().ToArbitrary(),
        pair =>
        {
            var (one, other) = pair;
            var victim = BridgeAccess.For(other);
            return one == other
                || !(victim.ClientIdPrefix + "bridge").StartsWith(BridgeAccess.For(one).ClientIdPrefix, StringComparison.Ordinal);
        }).QuickCheckThrowOnFailure();

    [Theory]
    [InlineData("write", "telemetry", true)]
    [InlineData("write", "telemetry.pump:1.x", true)]
    [InlineData("write", "telemetry.pump/1", true)]
    [InlineData("write", "telemetry.a*b", true)]
    [InlineData("write", "commands.pump-1.7.response", true)]
    [InlineData("write", "commands.pump-1.7", false)]
    [InlineData("write", "commands.pump-1.7.response.x", false)]
    [InlineData("write", "telemetryx.pump-1", false)]
    [InlineData("write", "telemetry/pump-1", false)]
    [InlineData("write", "telemetry.a\nb", true)]
    [InlineData("write", "telemetry.a\uFFFDb", true)]
    [InlineData("write", "telemetry.#", false)]
    [InlineData("write", "$SYS.x", false)]
    [InlineData("write", "", false)]
    [InlineData("read", "commands.#", true)]
    [InlineData("read", "commands.*.x", true)]
    [InlineData("read", "commands", true)]
    [InlineData("read", "#", false)]
    [InlineData("read", "*.pump-1", false)]
    [InlineData("read", "telemetry.#", false)]
    [InlineData("configure", "telemetry", false)]
    public void MayTopic_OfRabbitMqsRoutingKeys_IsWhatThePolicyGrants(string permission, string routingKey, bool granted) =>
        BridgeRights.MayTopic(BridgeAccess.For("acme"), permission, routingKey).ShouldBe(granted);

    [Theory]
    [InlineData(255, true)]
    [InlineData(256, false)]
    [InlineData(300, false)]
    public void Attack_RoutingKeyThatNoConsumerCanBeGiven_IsRefused(int bytes, bool granted) =>
        BridgeRights.MayTopic(BridgeAccess.For("acme"), "write", "telemetry.\u00fc." + new string('x', bytes - "telemetry.".Length - 3)).ShouldBe(granted);

    /// <summary>It is a dead letter, and ends no connection.</summary>
    [Fact]
    public void MayTopic_ManyLevels_IsGranted() => BridgeRights.MayTopic(BridgeAccess.For("acme"), "write", "telemetry.pump-1" + string.Concat(Enumerable.Repeat(".x", 40))).ShouldBeTrue();

    [Theory]
    [InlineData("queue", "mqtt-subscription-acme.siteqos1", "configure", true)]
    [InlineData("queue", "mqtt-subscription-acme.siteqos0", "read", true)]
    [InlineData("queue", "mqtt-subscription-globex.siteqos1", "read", false)]
    [InlineData("queue", "mqtt-subscription-acmeqos1", "read", false)]
    [InlineData("queue", "telemetry", "read", false)]
    [InlineData("queue", "amq.topic", "write", false)]
    [InlineData("exchange", "amq.topic", "write", true)]
    [InlineData("exchange", "amq.topic", "read", true)]
    [InlineData("exchange", "amq.topic", "configure", false)]
    [InlineData("exchange", "telemetry.dead", "write", false)]
    public void MayUse_IsItsOwnSessionsAndTheExchangeOfTopics(string resource, string name, string permission, bool granted) =>
        BridgeRights.MayUse(BridgeAccess.For("acme"), resource, name, permission).ShouldBe(granted);

    [Fact]
    public void For_AnyTenant_HasNoColonForRabbitmqToReadAVhostFrom() => BridgeAccess.For("acme").Login.ShouldNotContain(":");
}
