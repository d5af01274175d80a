namespace IoTPlatform.Integration.Tests.Keycloak;

/// <summary>Classes on the one Keycloak of this process, one after the other: some of them kill it.</summary>
[CollectionDefinition(Name)]
public sealed class SharedKeycloak : ICollectionFixture<TenantFixture>
{
    public const string Name = "realms of one Keycloak";
}
