using System.Text.Json;
using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>The subject of a rendered certificate.</summary>
/// <param name="CommonName">Null: it has none.</param>
/// <param name="Encoded">DER Name in step-ca's order; null: the common name is all there is.</param>
internal sealed record RenderedSubject(string? CommonName, ReadOnlyMemory<byte>? Encoded)
{
    private static readonly (string Oid, string Member)[] Lists =
    [
        (SubjectAttributes.Country, "country"), ("2.5.4.8", "province"), ("2.5.4.7", "locality"), ("2.5.4.9", "streetAddress"), ("2.5.4.17", "postalCode"),
        ("2.5.4.10", "organization"), ("2.5.4.11", "organizationalUnit"),
    ];

    /// <summary>A text is a common name.</summary>
    public static RenderedSubject Read(RenderedJson json)
    {
        if (!json.TryGet("subject", out var given))
        {
            return new RenderedSubject(null, null);
        }

        if (given.Value.ValueKind == JsonValueKind.String)
        {
            return new RenderedSubject(NullIfEmpty(given.Value.GetString()!), null);
        }

        var subject = new RenderedJson(given.Value, "subject");
        var commonName = NullIfEmpty(subject.Text("commonName"));
        var relatives = Lists.Select(list => Attributes(list.Oid, subject.Texts(list.Member)))
            .Append(Attributes(SubjectAttributes.CommonName, commonName is null ? [] : [commonName]))
            .Append(Attributes(SubjectAttributes.SerialNumber, subject.Text("serialNumber") is { Length: > 0 } number ? [number] : []))
            .Concat(subject.List("extraNames").Select(Extra))
            .Where(attributes => attributes.Count > 0)
            .ToList();
        var isPlain = relatives.TrueForAll(attributes => attributes[0].Oid == SubjectAttributes.CommonName);
        return new RenderedSubject(commonName, isPlain ? default(ReadOnlyMemory<byte>?) : SubjectAttributes.Encode(relatives));
    }

    private static IReadOnlyList<SubjectAttribute> Extra(JsonElement item)
    {
        var name = new RenderedJson(item, "extra name");
        var (type, value) = (name.Text("type"), name.Text("value"));
        RenderedOid.RequireShort(type, "extraNames");
        return type == SubjectAttributes.CommonName ? throw new RenderedException("a common name is no extra name") : [new SubjectAttribute(type, value)];
    }

    private static IReadOnlyList<SubjectAttribute> Attributes(string oid, IReadOnlyList<string> values) => [.. values.Select(value => new SubjectAttribute(oid, value))];

    private static string? NullIfEmpty(string text) => text.Length == 0 ? null : text;
}
