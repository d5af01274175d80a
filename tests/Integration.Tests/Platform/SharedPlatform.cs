namespace IoTPlatform.Integration.Tests.Platform;

/// <summary>Classes whose tenants can live beside each other's: one provider and one RabbitMQ serve them all, one class after the other.</summary>
[CollectionDefinition(Name)]
public sealed class SharedPlatform : ICollectionFixture<PlatformFixture>
{
    public const string Name = "tenants of one platform";
}
