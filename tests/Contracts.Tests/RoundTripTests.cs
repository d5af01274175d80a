using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;

namespace IoTPlatform.Contracts.Tests;

public sealed partial class RoundTripTests
{
    public static TheoryData<string> WireTypes => [.. Samples.WireTypes.Select(type => type.ToString())];

    [Theory]
    [MemberData(nameof(WireTypes))]
    public void RoundTrip_EveryMember_Survives(string name)
    {
        var type = Find(name);
        var value = Samples.Create(type);

        var json = JsonSerializer.Serialize(value, type, ContractsJson.Default);
        var again = JsonSerializer.Serialize(JsonSerializer.Deserialize(json, type, ContractsJson.Default), type, ContractsJson.Default);

        again.ShouldBe(json);
        Members(JsonDocument.Parse(json).RootElement).ShouldAllBe(member => SnakeCase().IsMatch(member));
        JsonDocument.Parse(json).RootElement.EnumerateObject().Count().ShouldBe(type.GetProperties().Count(property => !property.IsDefined(typeof(JsonIgnoreAttribute), inherit: true)));
    }

    [Theory]
    [MemberData(nameof(WireTypes))]
    public void Read_EmptyOrNull_NeverYieldsAHalfFilledObject(string name)
    {
        var type = Find(name);
        var required = type.GetProperties().Any(property => property.CustomAttributes.Any(attribute => attribute.AttributeType.Name == "RequiredMemberAttribute"));
        if (required)
        {
            Should.Throw<JsonException>(() => JsonSerializer.Deserialize("{}", type, ContractsJson.Default));
        }
        else
        {
            JsonSerializer.Deserialize("{}", type, ContractsJson.Default).ShouldNotBeNull();
        }
    }

    private static Type Find(string name) => Samples.WireTypes.Single(type => type.ToString() == name);

    private static IEnumerable<string> Members(JsonElement json) => json.ValueKind switch
    {
        JsonValueKind.Object => json.EnumerateObject().SelectMany(member => Members(member.Value).Prepend(member.Name)),
        JsonValueKind.Array => json.EnumerateArray().SelectMany(Members),
        _ => [],
    };

    [GeneratedRegex("^[a-z][a-z0-9_]*$", RegexOptions.None, 100)]
    private static partial Regex SnakeCase();
}
