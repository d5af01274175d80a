using System.Collections;
using System.Reflection;
using System.Text.Json;
using IoTPlatform.Contracts.Join;

namespace IoTPlatform.Contracts.Tests;

/// <summary>Objects with every member set to something of its own, made by reflection so that a new member cannot be forgotten.</summary>
internal static class Samples
{
    public static JoinBundle Bundle => (JoinBundle)Create(typeof(JoinBundle), new Counter());

    /// <summary>Every type the wire knows.</summary>
    public static IEnumerable<Type> WireTypes => typeof(ContractsJson).GetCustomAttributesData()
        .Where(attribute => attribute.AttributeType == typeof(System.Text.Json.Serialization.JsonSerializableAttribute))
        .Select(attribute => (Type)attribute.ConstructorArguments[0].Value!);

    public static object Create(Type type) => Create(type, new Counter());

    private static object Create(Type type, Counter next)
    {
        var underlying = Nullable.GetUnderlyingType(type) ?? type;
        if (underlying.IsEnum)
        {
            return Enum.GetValues(underlying).GetValue(next.Value() % Enum.GetValues(underlying).Length)!;
        }

        if (Simple(underlying, next) is { } simple)
        {
            return simple;
        }

        if (underlying.IsGenericType && underlying.GetGenericTypeDefinition() == typeof(IReadOnlyList<>))
        {
            return ListOf(underlying.GetGenericArguments()[0], next);
        }

        var value = Activator.CreateInstance(underlying)!;
        foreach (var property in underlying.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(property => property.CanWrite))
        {
            property.SetValue(value, Create(property.PropertyType, next));
        }

        return value;
    }

    private static object? Simple(Type type, Counter next) => Type.GetTypeCode(type) switch
    {
        TypeCode.String => $"text {next.Value()} \"ä\u0001",
        TypeCode.Int32 => next.Value(),
        TypeCode.Int64 => (long)next.Value() + int.MaxValue,
        TypeCode.Double => next.Value() + 0.25,
        TypeCode.Boolean => true,
        _ when type == typeof(JsonElement) => JsonSerializer.SerializeToElement(next.Value()),
        _ when type == typeof(Guid) => new Guid(next.Value(), 0, 0, [0, 0, 0, 0, 0, 0, 0, 1]),
        _ when type == typeof(System.Text.Json.JsonElement) => System.Text.Json.JsonElement.Parse($$"""{"n":{{next.Value()}}}"""),
        _ when type == typeof(DateTimeOffset) => DateTimeOffset.UnixEpoch.AddMilliseconds(next.Value()),
        _ => null,
    };

    private static IList ListOf(Type item, Counter next)
    {
        var list = (IList)Activator.CreateInstance(typeof(List<>).MakeGenericType(item))!;
        list.Add(Create(item, next));
        list.Add(Create(item, next));
        return list;
    }

    private sealed class Counter
    {
        private int _value;

        public int Value() => ++_value;
    }
}
