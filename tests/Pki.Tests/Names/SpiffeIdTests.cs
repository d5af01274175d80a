namespace IoTPlatform.Pki.Tests.Names;

public sealed class SpiffeIdTests
{
    [Fact]
    public void Build_EachKind_HasItsForm()
    {
        SpiffeId.TrustDomain("acme", "iotplatform.internal").ShouldBe("acme.iotplatform.internal");
        SpiffeId.Device("acme", "iotplatform.internal", "sensor-1").ShouldBe("spiffe://acme.iotplatform.internal/device/sensor-1");
        SpiffeId.Service("acme", "iotplatform.internal", "api").ShouldBe("spiffe://acme.iotplatform.internal/service/api");
        SpiffeId.ProviderService("iotplatform.internal", "api").ShouldBe("spiffe://iotplatform.internal/service/api");
        SpiffeId.Bridge("acme", "iotplatform.internal").ShouldBe("spiffe://acme.iotplatform.internal/mqtt-bridge");
    }

    [Theory]
    [InlineData("acme.evil")]
    [InlineData("acme/x")]
    [InlineData("Acme")]
    [InlineData("acme:1")]
    [InlineData("")]
    public void TrustDomain_BadTenant_IsRefused(string tenant) =>
        ((Action)(() => SpiffeId.TrustDomain(tenant, "iotplatform.internal"))).ShouldBeRefused(PkiError.NameNotAllowed);

    [Theory]
    [InlineData("a/b")]
    [InlineData("..")]
    [InlineData(".")]
    [InlineData("a b")]
    [InlineData("a?b")]
    [InlineData("a%2fb")]
    [InlineData("")]
    public void Device_BadId_IsRefused(string id) =>
        ((Action)(() => SpiffeId.Device("acme", "iotplatform.internal", id))).ShouldBeRefused(PkiError.NameNotAllowed);

    [Theory]
    [InlineData("spiffe://acme.internal", "acme.internal", "")]
    [InlineData("spiffe://acme.internal/device/sensor-1", "acme.internal", "/device/sensor-1")]
    [InlineData("spiffe://acme/A.b_c-d", "acme", "/A.b_c-d")]
    public void TryParse_WellFormed_Splits(string uri, string domain, string path)
    {
        SpiffeId.TryParse(uri, out var foundDomain, out var foundPath).ShouldBeTrue();
        foundDomain.ShouldBe(domain);
        foundPath.ShouldBe(path);
    }

    [Theory]
    [InlineData("spiffe://")]
    [InlineData("spiffe:///x")]
    [InlineData("spiffe://acme.internal/")]
    [InlineData("spiffe://acme.internal//x")]
    [InlineData("spiffe://acme.internal/x/")]
    [InlineData("spiffe://acme.internal/./x")]
    [InlineData("spiffe://acme.internal/../x")]
    [InlineData("spiffe://acme.internal:1/x")]
    [InlineData("spiffe://u@acme.internal/x")]
    [InlineData("spiffe://Acme.internal/x")]
    [InlineData("spiffe://acme.internal/x?y")]
    [InlineData("spiffe://acme.internal/x#y")]
    [InlineData("spiffe://acme.internal/%41")]
    [InlineData("spiffe://acme.internal/ä")]
    [InlineData("https://acme.internal/x")]
    [InlineData("Spiffe://acme.internal/x")]
    public void TryParse_IllFormed_IsRefused(string uri) => SpiffeId.TryParse(uri, out _, out _).ShouldBeFalse();

    [Fact]
    public void BridgeName_LongTenantIds_FitTheCommonNameAndStayApart()
    {
        var longest = new string('a', 63);
        MqttBridgeName.For("acme").ShouldBe("acme-mqtt-bridge");
        MqttBridgeName.For(new string('a', 52)).Length.ShouldBe(64);
        MqttBridgeName.For(longest).Length.ShouldBe(64);
        MqttBridgeName.For(longest).ShouldEndWith("-mqtt-bridge");
        MqttBridgeName.For(longest).ShouldNotBe(MqttBridgeName.For(new string('a', 62)));
    }

    [Fact]
    public void SubCaName_LongTenantIds_FitTheCommonNameAndStayApart()
    {
        var longest = new string('a', 63);
        SubCaName.For("acme").ShouldBe("acme Sub-CA");
        SubCaName.For(new string('a', 57)).Length.ShouldBe(64);
        SubCaName.For(longest).Length.ShouldBe(64);
        SubCaName.For(longest).ShouldNotBe(SubCaName.For(new string('a', 62)));
    }
}
