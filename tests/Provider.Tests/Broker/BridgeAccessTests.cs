using FsCheck;
using FsCheck.Fluent;
using IoTPlatform.Provider.Features.Broker;

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

    [Fact]
    public void For_AnyTenant_HasNoColonForRabbitmqToReadAVhostFrom() => BridgeAccess.For("acme").Login.ShouldNotContain(":");
}
