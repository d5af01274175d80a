using IoTPlatform.Hosting;
using IoTPlatform.Tenant.Configuration;
using IoTPlatform.Testing;

namespace IoTPlatform.Tenant.Tests.Configuration;

/// <summary>What a joined tenant remembers, and which settings come too late for it.</summary>
public sealed class JoinRecordTests : IDisposable
{
    private const string Key = "ABCD-EFGH-JKMN-PQRS";
    private readonly TempFolder _folder = new();

    [Fact]
    public void Read_Joined_NeedsNoFirstBootSettings()
    {
        Join(new JoinRecord { ProviderUrl = new Uri("https://provider.example:9443"), KeycloakUrl = new Uri("https://keycloak.example") });

        var options = Read();

        options.ProviderUrl.ShouldBe(new Uri("https://provider.example:9443"));
        options.KeycloakUrl.ShouldBe(new Uri("https://keycloak.example"));
        Read(("PROVIDER_URL", "https://moved.example")).ProviderUrl.ShouldBe(new Uri("https://moved.example"));
    }

    [Fact]
    public void Read_KeycloakGivenUp_IsNoKeycloak_AndSaidToTheProvider()
    {
        Join(new JoinRecord { ProviderUrl = new Uri("https://provider.example:9443"), KeycloakUrl = new Uri("https://keycloak.example") });

        var options = Read(("KEYCLOAK_URL", "none"));

        options.KeycloakUrl.ShouldBeNull();
        options.KeycloakGivenUp.ShouldBeTrue();
        Read().KeycloakGivenUp.ShouldBeFalse();
    }

    /// <summary>The handling of another key depends on the bridge, which only the provider can judge: first boot asks it.</summary>
    [Theory]
    [InlineData("abcdefghjkmnpqrs", true)]
    [InlineData("ABCD-EFGH-JKMN-PQRS", true)]
    [InlineData("ABCD-EFGH-JKMN-PQRT", false)]
    public void IsKey_JoinedWithAKey_KnowsThatOneOnly(string key, bool known)
    {
        Join(JoinRecord.Of(Read(("PROVIDER_URL", "https://provider.example"), ("JOIN_KEY", Key))));

        JoinRecord.Find(_folder.Path)!.IsKey(Read(("JOIN_KEY", key)).JoinKey!).ShouldBe(known);
        File.ReadAllText(_folder.Combine("join-bundle/joined.json")).ShouldNotContain("EFGH");
    }

    [Fact]
    public void Read_JoinedWithAnotherKeycloak_Refused()
    {
        Join(new JoinRecord { ProviderUrl = new Uri("https://provider.example:9443") });

        Should.Throw<StartupException>(() => Read(("KEYCLOAK_URL", "https://keycloak.example"))).Message.ShouldContain("KEYCLOAK_URL");
    }

    /// <summary>A crash between the record and the bundle: not joined, and any key may be tried.</summary>
    [Fact]
    public void Read_RecordWithoutABundle_IsNotJoined()
    {
        Directory.CreateDirectory(_folder.Combine("join-bundle"));
        JoinRecord.Of(Read(("PROVIDER_URL", "https://provider.example"), ("JOIN_KEY", Key))).Write(_folder.Path);

        Read(("PROVIDER_URL", "https://provider.example"), ("JOIN_KEY", "AAAA-AAAA-AAAA-AAAA")).HasJoined.ShouldBeFalse();
        Should.Throw<StartupException>(() => Read()).Message.ShouldContain("PROVIDER_URL is missing");
    }

    public void Dispose() => _folder.Dispose();

    private void Join(JoinRecord record)
    {
        Directory.CreateDirectory(_folder.Combine("join-bundle"));
        File.WriteAllText(_folder.Combine("join-bundle/bundle.json"), "{}");
        record.Write(_folder.Path);
    }

    private TenantOptions Read(params (string Name, string Value)[] settings) =>
        TenantOptionsReader.Read(TenantSettings.Load([], settings.Append(("IOT_DATA", _folder.Path)).ToDictionary(s => s.Item1, s => s.Item2)));
}
