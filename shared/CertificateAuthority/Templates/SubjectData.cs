using IoTPlatform.Pki;

namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>Subjects as templates see them.</summary>
internal static class SubjectData
{
    /// <summary>In Go's order, by OID: field of the struct and member of JSON.</summary>
    private static readonly (string Oid, string Field, string Member)[] Lists =
    [
        (SubjectAttributes.Country, "Country", "country"), ("2.5.4.10", "Organization", "organization"), ("2.5.4.11", "OrganizationalUnit", "organizationalUnit"),
        ("2.5.4.7", "Locality", "locality"), ("2.5.4.8", "Province", "province"), ("2.5.4.9", "StreetAddress", "streetAddress"), ("2.5.4.17", "PostalCode", "postalCode"),
    ];

    public static GoStruct OfCommonName(string type, string? commonName) => Of(type, commonName is null ? [] : [new SubjectAttribute(SubjectAttributes.CommonName, commonName)]);

    public static GoStruct Of(string type, IReadOnlyList<SubjectAttribute> attributes)
    {
        var known = Lists.Select(list => list.Oid).Append(SubjectAttributes.CommonName).Append(SubjectAttributes.SerialNumber).ToList();
        var extra = attributes.Where(attribute => !known.Contains(attribute.Oid))
            .Select(attribute => new GoStruct("x509util.DistinguishedName", new("Type", "type", attribute.Oid), new("Value", "value", attribute.Value))).ToArray();
        return new GoStruct(
            type,
            [
                .. Lists.Select(list => new GoField(list.Field, list.Member, TextsOf(attributes, list.Oid), OmitEmpty: true)),
                new("SerialNumber", "serialNumber", LastOf(attributes, SubjectAttributes.SerialNumber), OmitEmpty: true),
                new("CommonName", "commonName", LastOf(attributes, SubjectAttributes.CommonName), OmitEmpty: true),
                new("ExtraNames", "extraNames", extra.Length > 0 ? new GoList("[]x509util.DistinguishedName", extra) : GoList.Nil("[]x509util.DistinguishedName"), OmitEmpty: true),
            ]);
    }

    private static object TextsOf(IReadOnlyList<SubjectAttribute> attributes, string oid) =>
        attributes.Where(attribute => attribute.Oid == oid).Select(attribute => attribute.Value).ToList() is { Count: > 0 } values ? GoValue.ListOf(values, "x509util.MultiString") : GoList.Nil("x509util.MultiString");

    private static string LastOf(IReadOnlyList<SubjectAttribute> attributes, string oid) => attributes.LastOrDefault(attribute => attribute.Oid == oid)?.Value ?? "";
}
