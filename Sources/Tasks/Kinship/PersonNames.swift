/// Short common first names, each borne by one gender alone, for the people of the stories.
public enum PersonNames {
  /// The names of one gender, in alphabetical order.
  public static func names(_ gender: Gender) -> [String] { gender == .female ? female : male }

  static let female = list(
    """
    Ada Adele Agnes Alice Alma Amanda Amber Amelia Amy Ana Andrea Angela Anita Ann Anna Anne April Audrey Ava Barbara
    Beatrice Becky Bella Bernice Beth Betty Beverly Bonnie Brenda Bridget Camilla Carla Carmen Carol Caroline Catherine
    Cathy Cecilia Celia Charlotte Chloe Christina Cindy Claire Clara Connie Cora Crystal Cynthia Daisy Danielle Daphne
    Dawn Deborah Denise Diana Diane Dolores Donna Dora Doris Dorothy Edith Edna Eileen Elaine Eleanor Elena Elise Eliza
    Elizabeth Ella Ellen Elsa Elsie Emily Emma Erica Erin Esther Ethel Eva Eve Evelyn Faith Fiona Flora Florence Frances
    Freda Gail Gemma Georgia Gertrude Gina Ginger Gladys Gloria Grace Greta Gwen Hannah Hattie Hazel Heather Heidi Helen
    Helga Hilda Holly Hope Ida Ingrid Irene Iris Irma Isabel Ivy Jane Janet Janice Jean Jenna Jennifer Jenny Jessica
    Jill Joan Joanna Jodie Josephine Joy Joyce Juanita Judith Judy Julia Julie June Karen Karin Kate Katherine Kathleen
    Kathy Katie Kayla Kristen Kristin Lara Laura Lauren Lena Leona Lila Lillian Lily Linda Lisa Lois Lola Lora Lorraine
    Louise Lucia Lucille Lucy Lydia Mabel Madeline Maggie Marcia Margaret Margie Maria Marianne Marie Marilyn Marjorie
    Marlene Martha Mary Maureen Maxine Megan Melanie Melinda Melissa Mia Michelle Mildred Minnie Miranda Miriam Molly
    Monica Myra Nadia Nancy Naomi Natalie Nellie Nicole Nina Nora Norma Olga Olive Olivia Pamela Patricia Paula Pauline
    Pearl Peggy Penny Phoebe Phyllis Polly Priscilla Rachel Ramona Rebecca Regina Rhoda Rita Roberta Rosa Rosalie Rose
    Rosemary Ruby Ruth Sabrina Sadie Sally Samantha Sandra Sara Sarah Selma Sharon Sheila Shirley Silvia Sonia Sophia
    Sophie Stacy Stella Stephanie Sue Susan Suzanne Sylvia Tamara Tanya Teresa Thelma Theresa Tina Trudy Ursula Valerie
    Vanessa Vera Veronica Vicki Victoria Viola Violet Virginia Vivian Wanda Wendy Willa Wilma Winifred Yolanda Yvonne Zelda
    Zoe
    """)

  static let male = list(
    """
    Aaron Adam Adrian Alan Albert Alfred Alvin Amos Andre Andrew Anthony Anton Archie Arnold Arthur Barry Ben Benjamin
    Bernard Bill Bob Boris Brad Bradley Brandon Brendan Brent Brett Brian Bruce Bruno Bryan Byron Calvin Carl Carlos Cecil
    Cedric Charles Chester Christopher Clarence Clark Claude Clifford Clyde Colin Conrad Craig Curtis Cyril Dan Daniel
    Darren David Dean Dennis Derek Dexter Diego Dominic Don Donald Doug Douglas Duncan Dustin Dwight Earl Eddie Edgar
    Edmund Edward Edwin Eli Elias Elmer Emil Eric Ernest Ethan Eugene Felix Fernando Floyd Francis Frank Franklin Fred
    Frederick Gabriel Garrett Gary Gavin Gene Geoffrey George Gerald Gilbert Glenn Gordon Graham Grant Greg Gregory Gus
    Guy Hank Hans Harold Harry Harvey Hector Henry Herbert Herman Homer Horace Howard Hubert Hugh Hugo Ian Igor Isaac Ivan
    Jack Jacob Jake James Jason Jared Jed Jeff Jeffrey Jeremy Jerome Jerry Jim Jimmy Joe Joel John Johnny Jon Jonas
    Jonathan Joseph Joshua Juan Julian Julius Justin Karl Keith Ken Kenneth Kevin Kirk Kurt Kyle Lance Larry Lars Lawrence
    Leo Leon Leonard Leroy Lester Liam Lloyd Louis Lucas Luis Luke Luther Malcolm Manuel Marcus Mario Mark Martin Marvin
    Matthew Maurice Max Michael Miguel Mike Miles Milton Mitchell Morris Nathan Neil Nelson Nicholas Nick Nigel Noah Norman
    Oliver Omar Oscar Otto Owen Patrick Paul Pedro Percy Perry Peter Philip Pierre Quentin Ralph Ramon Randall Ray Raymond
    Rex Richard Rick Robert Rodney Roger Roland Ron Ronald Ross Roy Rudolf Rufus Rupert Russell Ryan Sam Samuel Scott Sean
    Sergio Seth Sidney Simon Spencer Stanley Stephen Steve Steven Stuart Ted Terence Theodore Thomas Tim Timothy Toby Todd
    Tom Tommy Tony Travis Trevor Troy Vernon Victor Vincent Virgil Wallace Walter Warren Wayne Wesley Wilbur William
    Winston Zachary
    """)

  private static func list(_ text: String) -> [String] {
    text.split(whereSeparator: \.isWhitespace).map(String.init)
  }
}
