using System.Reflection;
using IoTPlatform.Contracts.Accounts;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Contracts.Tenants;

namespace IoTPlatform.Contracts.Tests;

/// <summary>What carries a secret must not print it: a record's ToString prints every member, into logs and exceptions.</summary>
public sealed class SecretTests
{
    private static readonly string[] SecretWords = ["password", "secret", "joinkey", "accesstoken"];

    [Theory]
    [InlineData(typeof(PreparedTenant))]
    [InlineData(typeof(JoinBundle))]
    [InlineData(typeof(JoinRequestStatus))]
    [InlineData(typeof(CreatedEnrollmentToken))]
    public void ToString_OfACarrier_ShowsNothing(Type carrier) => Samples.Create(carrier).ToString().ShouldBe(carrier.FullName);

    [Fact]
    public void Records_NeverHaveASecretMember() =>
        (from type in typeof(ContractsJson).Assembly.GetTypes()
         where type.GetMethod("<Clone>$") is not null
         from property in type.GetProperties(BindingFlags.Public | BindingFlags.Instance)
         where property.PropertyType == typeof(string)
         where SecretWords.Any(word => property.Name.Contains(word, StringComparison.OrdinalIgnoreCase)) || property.Name == "Token"
         select $"{type.Name}.{property.Name}").ShouldBeEmpty();
}
