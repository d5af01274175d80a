namespace IoTPlatform.Architecture.Tests;

public sealed class SourceLayoutTests
{
    [Fact]
    public void EveryFile_HasAtMostOnePublicType_NamedAsTheFile()
        => (from project in Repository.Projects
            from file in project.Sources
            let types = file.PublicTypes.Distinct().ToList()
            where types.Count > 1 || (types.Count == 1 && file.Name.Split('.')[0] != types[0])
            select $"{file.Path}: {string.Join(", ", types)}")
            .ShouldBeEmpty();

    [Fact]
    public void EveryFile_IsInItsProjectsNamespace()
        => (from project in Repository.Projects
            from file in project.Sources
            where file.Namespace is { } name && name != $"IoTPlatform.{project.Name}" && !name.StartsWith($"IoTPlatform.{project.Name}.", StringComparison.Ordinal)
            select $"{file.Path}: {file.Namespace}")
            .ShouldBeEmpty();

    [Fact]
    public void Product_NeverTurnsTheCompilersChecksOff()
        => (from project in Repository.Product
            from file in project.Sources
            where file.Mentions(@"#nullable disable|#pragma warning disable")
            select file.Path)
            .ShouldBeEmpty();

    // A machine that is busy for a moment is no attack: the input is bounded before, so no match takes long by itself.
    [Fact]
    public void NoPatternOfTheProduct_GivesUpByTheClock()
        => (from project in Repository.Product
            from file in project.Sources
            where file.Mentions(@"\[GeneratedRegex\(.*(?<!Timeout\.Infinite)\)\]")
            select file.Path)
            .ShouldBeEmpty();

    [Theory]
    [InlineData("Nullable")]
    [InlineData("TreatWarningsAsErrors")]
    [InlineData("NoWarn")]
    [InlineData("WarningsNotAsErrors")]
    [InlineData("RunAnalyzers")]
    public void NoProject_LoosensTheCommonRules(string property)
        => Repository.Projects.Where(project => project.Xml.Descendants(property).Any()).Select(project => project.Path).ShouldBeEmpty();

    [Fact]
    public void NoType_IsAUtilHelperOrManager()
        => (from project in Repository.Product
            from file in project.Sources
            where Path.GetFileNameWithoutExtension(file.Name) is var name
                && (name.EndsWith("Util", StringComparison.Ordinal) || name.EndsWith("Utils", StringComparison.Ordinal)
                    || name.EndsWith("Helper", StringComparison.Ordinal) || name.EndsWith("Helpers", StringComparison.Ordinal)
                    || name.EndsWith("Manager", StringComparison.Ordinal))
            select file.Path)
            .ShouldBeEmpty();
}
