using System.Text;
using System.Text.Json;
using IoTPlatform.CertificateAuthority.Provisioners;
using IoTPlatform.Hosting;

namespace IoTPlatform.CertificateAuthority.Templates;

/// <summary>The template of a provisioner (step-ca's <c>options.x509</c>), read once.</summary>
internal sealed class LeafTemplate
{
    private const string Unnamed = "template";

    private readonly TemplateProgram _program;
    private readonly JsonElement? _data;

    private LeafTemplate(TemplateProgram program, JsonElement? data) => (_program, _data) = (program, data);

    /// <summary>Null: there is none. Throws 422 for one that can't be read.</summary>
    /// <param name="x509"><c>options.x509</c>.</param>
    public static LeafTemplate? Of(JsonElement x509)
    {
        if (x509.ValueKind != JsonValueKind.Object)
        {
            throw ProvisionerDefinition.Refused("its options.x509 is no JSON object.");
        }

        string? text = null, file = null;
        JsonElement? data = null;
        foreach (var member in x509.EnumerateObject().Where(member => member.Value.ValueKind != JsonValueKind.Null))
        {
            switch (member.Name)
            {
                case "template":
                    text = TextOf(member);
                    break;
                case "templateFile":
                    file = TextOf(member);
                    break;
                case "templateData":
                    data = member.Value.ValueKind == JsonValueKind.Object ? member.Value : throw ProvisionerDefinition.Refused("its templateData is no JSON object.");
                    break;
                default:
                    throw ProvisionerDefinition.Refused($"{member.Name} of its options.x509 is not supported.");
            }
        }

        if (string.IsNullOrWhiteSpace(text))
        {
            return string.IsNullOrEmpty(file) ? null
                : throw ProvisionerDefinition.Refused("its templateFile is read where it is added or imported, and its contents belong into template.");
        }

        try
        {
            return new LeafTemplate(TemplateProgram.Read(string.IsNullOrEmpty(file) ? Unnamed : Path.GetFileName(file), Decoded(text.Trim())), data);
        }
        catch (TemplateException e)
        {
            throw ProvisionerDefinition.Refused($"its template can't be read: {e.Message}.", e);
        }
    }

    /// <summary>Throws 400 <c>template_failed</c>, with file and line, or the template's own words.</summary>
    public RenderedLeaf Render(TemplateInput input, TimeProvider time)
    {
        try
        {
            return RenderedLeaf.Parse(_program.Render(input.ToDot(_data), time));
        }
        catch (TemplateException e)
        {
            throw new ProblemException(400, "template_failed", e.IsRefusal ? e.Reason : e.Message, inner: e);
        }
        catch (RenderedException e)
        {
            throw new ProblemException(400, "template_failed", $"{_program.Name}: {e.Message}", inner: e);
        }
    }

    /// <summary>As step-ca tells them apart.</summary>
    private static string Decoded(string text)
    {
        if (text.StartsWith('{'))
        {
            return text;
        }

        try
        {
            return Encoding.UTF8.GetString(Convert.FromBase64String(text));
        }
        catch (FormatException e)
        {
            throw ProvisionerDefinition.Refused("its template neither begins with { nor is base64.", e);
        }
    }

    private static string TextOf(JsonProperty member) => member.Value.ValueKind == JsonValueKind.String ? member.Value.GetString()! : throw ProvisionerDefinition.Refused($"its {member.Name} is no text.");
}
